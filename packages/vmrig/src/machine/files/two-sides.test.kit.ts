import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll } from "vitest";
import { type TestMachine, useMachine } from "../fixtures.test.kit.ts";
import type { Machine } from "../machine.ts";

/** The two sides of a copy: a folder of this computer and a folder of a machine. */
export interface TwoSides {
  readonly rig: TestMachine;
  readonly pc1: Machine;
  readonly here: string;
  readonly there: string;
}

/** Creates both folders for all tests of a file and removes them after the last test. */
export function useTwoSides(take: (sides: TwoSides) => unknown): void {
  let here: string | undefined;
  beforeAll(async () => {
    here = await mkdtemp(join(tmpdir(), "vmrig-test-"));
  });
  afterAll(async () => {
    if (here !== undefined) await rm(here, { recursive: true, force: true });
  });
  useMachine((rig) => {
    if (here !== undefined) take({ rig, pc1: rig.pc1, here, there: rig.server.folder });
  });
}

/** Returns the names of the temporary files that a copy left in a folder. */
export async function litter(folder: string): Promise<string[]> {
  return (await readdir(folder)).filter((name) => name.startsWith(".vmrig-"));
}
