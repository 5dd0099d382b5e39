import type { Fault } from "../errors/codes.ts";

const BY_FAULT: Readonly<Record<Fault, number>> = { test: 1, user: 2, infra: 3, bug: 4 };

/**
 * Returns the exit code for a fault, so that a script can tell an invalid command from an
 * infrastructure failure.
 */
export function exitCode(fault: Fault): number {
  return BY_FAULT[fault];
}
