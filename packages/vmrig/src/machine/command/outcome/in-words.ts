import type { CommandResult } from "./command-result.ts";

/** Describes how a command ended: `exited with 1 after 0.2 s.` */
export function outcome({
  isCanceled,
  timedOut,
  isMaxBuffer,
  signal,
  exitCode,
  durationMs,
}: CommandResult<unknown>): string {
  const after = `after ${(durationMs / 1000).toFixed(1)} s.`;
  if (isCanceled) return `was cancelled ${after}`;
  if (timedOut) return `timed out ${after}`;
  if (isMaxBuffer) return `printed more than its \`maxBuffer\` and was killed ${after}`;
  if (signal !== undefined) return `was ended by ${signal} ${after}`;
  return exitCode === undefined ? `was killed ${after}` : `exited with ${exitCode} ${after}`;
}

/** Shortens a command for a title: its first line, at most 120 characters. */
export function abridged(command: string): string {
  const [line = "", ...more] = command.trim().split("\n");
  return line.length > 120 || more.length > 0 ? `${line.slice(0, 120)} …` : line;
}
