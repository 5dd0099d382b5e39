import { constants } from "node:os";

/**
 * The exit code of a command as a shell reports it: 128 and the number of the signal that ended it.
 */
export function endedWith(
  exitCode: number | null | undefined,
  signal: string | null | undefined,
): number {
  if (typeof exitCode === "number") return exitCode;
  const numbers: Readonly<Record<string, number>> = constants.signals;
  return 128 + (numbers[signal ?? ""] ?? 0);
}
