import type { Fault } from "../errors/codes.ts";

const BY_FAULT: Readonly<Record<Fault, number>> = { test: 1, user: 2, infra: 3, bug: 4 };

/**
 * What the program ends with, so that a script can tell a wrong command from a computer in trouble.
 */
export function exitCode(fault: Fault): number {
  return BY_FAULT[fault];
}
