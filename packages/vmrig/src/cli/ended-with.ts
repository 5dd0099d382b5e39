import { constants } from "node:os";

/**
 * Returns the exit code of a command as a shell reports it: 128 plus the signal's number after a
 * signal.
 */
export function endedWith(
  exitCode: number | null | undefined,
  signal: string | null | undefined,
): number {
  if (typeof exitCode === "number") return exitCode;
  const numbers: Readonly<Record<string, number>> = constants.signals;
  return 128 + (numbers[signal ?? ""] ?? 0);
}
