import { finished, type Writable } from "node:stream";
import type { CommandPromise, CommandResult, PipeOptions, PipePromise } from "./command.ts";
import { isCommandError, outcome as outcomeOf } from "./error.ts";
import { isOurs, verdict, type Outcome } from "./outcome.ts";
import type { Running } from "./running.ts";

/** Where a pipe can end: a handle. */
interface Destination extends CommandPromise<unknown> {
  readonly running: Running;
}

/**
 * Passes an output of one command to another's stdin, on whichever machine, as fast as the slower
 * side.
 */
export function pipeInto(
  source: Running,
  destination: Destination,
  { from = "stdout" }: PipeOptions,
): PipePromise<unknown> {
  const { running } = destination;
  const sink = running.stdin.stream;
  const output = source.passOn(from).stream;
  running.sources.push(source);
  output.pipe(sink, { end: false });
  running.feeders += 1;
  output.once("close", () => {
    running.feeders -= 1;
    if (running.feeders === 0) sink.end();
  });
  // As a shell's SIGPIPE: who writes to somebody who has gone is ended, and has not failed by that.
  const leave = (): void => {
    output.unpipe(sink);
    if (!output.readableEnded) source.stop({ why: "unread" });
    output.resume();
  };
  running.outcome.then(leave, leave);
  const whole = conclude(running).then(verdict);
  const hush = (end: Outcome | Error): void => {
    if (isOurs(end)) whole.catch(() => {});
  };
  running.outcome.then(hush, hush);
  return Object.assign(whole, { pipe: destination.pipe.bind(destination) }) as PipePromise<unknown>;
}

/** Passes an output of a command to a stream, and ends that. Resolves when all of it was taken. */
export async function toWritable<Output>(
  source: Running,
  sink: Writable,
  { from = "stdout" }: PipeOptions,
): Promise<CommandResult<Output | undefined>> {
  const output = source.passOn(from).stream;
  const taken = new Promise<void>((resolve, reject) => {
    // As Node.js has it: these two are never ended.
    if (sink === process.stdout || sink === process.stderr) output.once("close", resolve);
    finished(sink, { readable: false }, (error) => {
      if (error === undefined || error === null) return resolve();
      source.stop({ why: "unread" });
      reject(error);
    });
  });
  taken.catch(() => {});
  output.pipe(sink);
  output.once("error", (error) => sink.destroy(error));
  const outcome = await source.outcome;
  await taken;
  return verdict(outcome) as CommandResult<Output | undefined>;
}

/**
 * The outcome of a command with those of its sources. Its own failure goes first, and tells of
 * theirs: it may be a consequence.
 *
 * @throws what a source throws, when the command itself has not failed
 */
async function conclude(running: Running): Promise<Outcome> {
  const [own, ...sources] = await Promise.allSettled([
    running.outcome,
    ...running.sources.map(async (source) => {
      const outcome = await conclude(source);
      return outcome.stop?.why === "unread" ? outcome.result : verdict(outcome);
    }),
  ]);
  if (own.status === "rejected") throw own.reason;
  const pipedFrom = sources.flatMap((source) => {
    const end: unknown = source.status === "fulfilled" ? source.value : source.reason;
    return source.status === "fulfilled" || isCommandError(end)
      ? [end as CommandResult<unknown>]
      : [];
  });
  const broken = sources.find((source) => source.status === "rejected");
  if (broken !== undefined && !own.value.throws) throw broken.reason;
  const { result, circumstances } = own.value;
  const notes = [
    ...circumstances.notes,
    ...pipedFrom
      .filter((end) => end.failed)
      .map(
        (end) =>
          `its input came from \`${end.command}\` on ${end.machine}, which ${outcomeOf(end)}`,
      ),
  ];
  return {
    ...own.value,
    result: { ...result, pipedFrom },
    circumstances: { ...circumstances, notes },
  };
}
