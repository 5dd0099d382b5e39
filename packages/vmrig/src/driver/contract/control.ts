import assert from "node:assert/strict";
import { generateKeyPair } from "../../ssh/keys.ts";
import type { Authority } from "../authority.ts";
import type { MachineRef } from "../driver.ts";
import { CONTRACT_SNAPSHOT, rejectsWith, run, type TestMachines } from "./test-machines.ts";

type ControlCall = readonly [
  name: string,
  act: (machine: MachineRef, authority: Authority) => Promise<void>,
];

/**
 * Returns every call of the driver that changes a machine. {@link unchangedBy} detects each of
 * them.
 */
export function controlCalls({ driver }: TestMachines): readonly ControlCall[] {
  const { admit, park, stop, power, network, captureTogether, drop } = driver;
  const otherKey = { authorize: OTHER_KEY.publicKey };
  return [
    ["boot", (machine, authority) => driver.boot(machine, { ...authority, ...otherKey })],
    ...(admit === undefined
      ? []
      : [
          [
            "admit",
            (machine, authority) => admit(machine, { ...authority, ...otherKey }),
          ] satisfies ControlCall,
        ]),
    ["capture", (machine, authority) => driver.capture(machine, CONTRACT_SNAPSHOT, authority)],
    [
      "restore",
      (machine, authority) =>
        driver.restore(machine, CONTRACT_SNAPSHOT, { ...authority, ...otherKey }),
    ],
    ...(park === undefined ? [] : [["park", park] as const]),
    ...(stop === undefined ? [] : [["stop", stop] as const]),
    ...(power === undefined
      ? []
      : [
          [
            "power",
            (machine, authority) => power(machine, "crash", { ...authority, ...otherKey }),
          ] satisfies ControlCall,
        ]),
    ...(network === undefined
      ? []
      : [
          [
            "network",
            (machine, authority) => network(machine, "disconnect", authority),
          ] satisfies ControlCall,
        ]),
    ...(captureTogether === undefined
      ? []
      : [
          [
            "captureTogether",
            (machine, authority) => captureTogether([machine], CONTRACT_SNAPSHOT, authority),
          ] satisfies ControlCall,
        ]),
    ...(drop === undefined
      ? []
      : [
          [
            "drop",
            (machine, authority) => drop(machine, CONTRACT_SNAPSHOT, authority),
          ] satisfies ControlCall,
        ]),
    ...(driver.rewrite === undefined ? [] : [["rewrite", driver.rewrite] as const]),
    ["remove", (machine, authority) => driver.remove(machine, authority)],
  ];
}

const OTHER_KEY = generateKeyPair();

/**
 * Writes a file on a machine, calls `act` with calls that must have no effect, and verifies that
 * nothing has changed. Leaves a restored machine.
 */
export async function unchangedBy(
  testMachines: TestMachines,
  name: string,
  act: () => Promise<void>,
): Promise<void> {
  await testMachines.restore(name);
  await using connection = await testMachines.login(name);
  await run(connection, "echo dirty > dirty");
  const before = await testMachines.status(name);

  await act();

  assert.deepEqual(await testMachines.status(name), before, "inspect sees a change");
  assert.equal(
    await run(connection, "cat dirty"),
    "dirty",
    "the machine was rolled back, or its sessions ended",
  );
  await rejectsWith(
    "LOGIN_REFUSED",
    "a key that came with a refused call",
    testMachines.login(name, { key: OTHER_KEY }),
  );
  // With an equal fence, which passes.
  await testMachines.driver.restore(
    testMachines.ref(name),
    CONTRACT_SNAPSHOT,
    testMachines.admission(),
  );
  await using fresh = await testMachines.login(name);
  assert.equal(await run(fresh, "[ ! -e dirty ] && cat kept"), "kept", "the snapshot was replaced");
}
