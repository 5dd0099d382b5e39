import { finished, type Writable } from "node:stream";
import type { CommandPromise, PipeOptions, PipePromise } from "./command.ts";
import type { CommandResult } from "./outcome/command-result.ts";
import { isOurs, verdict, type Outcome } from "./outcome/outcome.ts";
import type { Running } from "./running.ts";
import { conclude } from "./outcome/pipeline-outcome.ts";

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
  const output = source.outputs.passOn(from).stream;
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
  const output = source.outputs.passOn(from).stream;
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
