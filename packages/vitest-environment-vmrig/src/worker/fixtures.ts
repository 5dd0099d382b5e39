import { test as base, type TestAPI } from "vitest";
import { VmrigError, type Machine, type MachineName, type Rig } from "vmrig";
import { worker } from "./worker-state.ts";
import { gateClient } from "./gate-client.ts";

/** One fixture for each machine of the registered rig. */
export type MachineFixtures = { readonly [name in MachineName]: Machine };

/** The fixture `rig`, for all machines together. No machine can have this name. */
export interface RigFixture {
  readonly rig: Rig;
}

/**
 * Fixtures have the scope of a file because a claim has it. Hooks such as `test.beforeAll` accept
 * no other scope.
 */
const OF_FILE = { scope: "file" } as const;

/**
 * Vitest's `test`, with the rig's machines as fixtures:
 * `test("…", async ({ pc1, pc2 }) => …)`. The
 * machines are at their baseline when the file starts, or as often as the config asks.
 */
export const test: TestAPI<RigFixture & MachineFixtures> = await withMachines();

async function withMachines(): Promise<TestAPI<RigFixture & MachineFixtures>> {
  const { machines } = await (await gateClient()).hello();
  let extended = base as TestAPI<Record<string, Machine | Rig>>;
  for (const name of machines)
    extended = extended.extend(name, OF_FILE, () => claimed(name)) as TestAPI<
      Record<string, Machine | Rig>
    >;
  return extended.extend("rig", OF_FILE, () => claimedRig()) as unknown as TestAPI<
    RigFixture & MachineFixtures
  >;
}

function claimedRig(): Rig {
  const rig = worker().claim?.rig;
  if (rig !== undefined) return rig;
  throw new VmrigError("UNKNOWN_MACHINE", { message: "This test file holds no machines now." });
}

function claimed(name: string): Machine {
  const machine = worker().claim?.machines[name];
  if (machine !== undefined) return machine;
  throw new VmrigError("UNKNOWN_MACHINE", {
    message: `This test file does not hold ${name} now.`,
  });
}
