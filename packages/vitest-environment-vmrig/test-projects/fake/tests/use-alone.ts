import { appendFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "vitest-environment-vmrig";
import type { Machine } from "vmrig";

/**
 * Fails when another file uses the machines or waits for them at the same time. The lock lies
 * outside of the part of the machine that a rollback restores.
 */
export async function useAlone(file: string, pc1: Machine, pc2: Machine): Promise<void> {
  // The lowest free number: another number would mean that another worker is alive.
  expect(process.env["VITEST_POOL_ID"]).toBe("1");
  const folder = process.env["TEST_FOLDER"] ?? "";
  const [lock, log] = [join(folder, "in-use"), join(folder, "log")];
  await appendFile(log, `begin ${file}\n`);
  await pc1.$`mkdir ${lock}`;
  // Long enough for another file to start, independent of the clock.
  for (const turn of [1, 2, 3]) {
    for (const pc of [pc1, pc2]) await pc.$`echo ${turn} >> turns`;
  }
  expect((await pc2.$`cat turns`).stdout.split("\n")).toEqual(["1", "2", "3"]);
  await pc1.$`rmdir ${lock}`;
  await appendFile(log, `end ${file}\n`);
}
