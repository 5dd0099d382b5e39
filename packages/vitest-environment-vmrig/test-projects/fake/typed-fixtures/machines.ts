import { expectTypeOf } from "vitest";
import { setupOnce, test, type MachineFixtures } from "vitest-environment-vmrig";
import type { Checkpoint, Machine } from "vmrig";

// The suite compiles this file but never runs it.
test("has the machines of the registered rig, each a Machine, and the rig", ({ pc1, pc2, rig }) => {
  expectTypeOf(rig.checkpoint()).toEqualTypeOf<Promise<Checkpoint>>();
  expectTypeOf(pc1).toEqualTypeOf<Machine>();
  expectTypeOf(pc2).toEqualTypeOf<Machine>();
  expectTypeOf<keyof MachineFixtures>().toEqualTypeOf<"pc1" | "pc2">();
});

setupOnce(({ pc1, rig, signal }) => {
  expectTypeOf(pc1).toEqualTypeOf<Machine>();
  expectTypeOf(rig.checkpoint()).toEqualTypeOf<Promise<Checkpoint>>();
  expectTypeOf(signal).toEqualTypeOf<AbortSignal>();
});

// @ts-expect-error -- the rig has no such machine
setupOnce(async ({ pc9 }) => pc9, 10_000);
