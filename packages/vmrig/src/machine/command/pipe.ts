import { finished, type Writable } from "node:stream";
import type { CommandPromise, CommandResult, PipeOptions, PipePromise } from "./command.ts";
import { isCommandError, outcome as outcomeOf } from "./error.ts";
import { isOurs, verdict, type Outcome } from "./outcome.ts";
import type { Running } from "./running.ts";

/** Destination of a pipe: a handle. */
interface Destination extends CommandPromise<unknown> {
  readonly running: Running;
}

/**
 * Pipes an output of one command into the stdin of another command, on any machine, at the pace of
 * the slower side.
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
  // As with a shell's SIGPIPE: a writer whose reader has ended is stopped, and this does not count
  // as a failure of the writer.
  const leave = (): void => {
    output.unpipe(sink);
    if (!output.readableEnded) source.stop({ why: "unread" });
    output.resume();
  };
  running.outcome.then(leave, leave);
  const combined = conclude(running).then(verdict);
  const preventUnhandled = (end: Outcome | Error): void => {
    if (isOurs(end)) combined.catch(() => {});
  };
  running.outcome.then(preventUnhandled, preventUnhandled);
  return Object.assign(combined, {
    pipe: destination.pipe.bind(destination),
  }) as PipePromise<unknown>;
}

/**
 * Pipes an output of a command into a stream and ends the stream. Resolves when the stream has
 * taken all data.
 */
export async function toWritable<Output>(
  source: Running,
  sink: Writable,
  { from = "stdout" }: PipeOptions,
): Promise<CommandResult<Output | undefined>> {
  const output = source.passOn(from).stream;
  const taken = new Promise<void>((resolve, reject) => {
    // As in Node.js: stdout and stderr of this process are never ended.
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
 * Combines the outcome of a command with the outcomes of its sources. The command's own failure
 * takes precedence and names the failures of the sources, because it may be a consequence of them.
 *
 * @throws the error of a source when the command itself has not failed
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
