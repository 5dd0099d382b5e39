import { expect } from "vitest-environment-vmrig";
import type { Machine } from "vmrig";

/** Names of the tests. */
export const TESTS = Array.from(
  { length: Number(process.env["VMRIG_BENCH_TESTS"] ?? 20) },
  (_, index) => `test ${index + 1}`,
);

/** Keeps the machine busy for a second, and writes a file. */
export async function setUp(pc1: Machine): Promise<void> {
  await pc1.$`timeout 1 sh -c 'while :; do :; done'; echo ready > state`;
}

/** Checks the file of the setup, and changes it, which other tests must not see. */
export async function use(pc1: Machine): Promise<void> {
  expect((await pc1.$`cat state; echo spoilt > state`).stdout).toBe("ready");
}
