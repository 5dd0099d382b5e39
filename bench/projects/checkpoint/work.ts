import { expect } from "vitest-environment-vmrig";
import type { Machine } from "vmrig";

/** The names of the tests. */
export const TESTS = Array.from(
  { length: Number(process.env["VMRIG_BENCH_TESTS"] ?? 20) },
  (_, index) => `test ${index + 1}`,
);

/** A second in which the machine is busy, and what it made in it. */
export async function setUp(pc1: Machine): Promise<void> {
  await pc1.$`timeout 1 sh -c 'while :; do :; done'; echo ready > state`;
}

/** Looks at what the set-up made, and spoils it for the others. */
export async function use(pc1: Machine): Promise<void> {
  expect((await pc1.$`cat state; echo spoilt > state`).stdout).toBe("ready");
}
