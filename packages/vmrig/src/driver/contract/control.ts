import assert from "node:assert/strict";
import { generateKeyPair } from "../../ssh/keys.ts";
import type { Authority, MachineRef } from "../driver.ts";
import { HOME_BASE, rejectsWith, run, type TestMachines } from "./test-machines.ts";

type Deed = readonly [
  name: string,
  act: (machine: MachineRef, authority: Authority) => Promise<void>,
];

/**
 * Every call of the driver that changes a machine. Each would be noticed by {@link unchangedBy}.
 */
export function deeds({ driver }: TestMachines): readonly Deed[] {
  const { park, stop, power, network, captureTogether, drop } = driver;
  const stranger = { authorize: STRANGER.publicKey };
  return [
    ["boot", (machine, authority) => driver.boot(machine, { ...authority, ...stranger })],
    ["capture", (machine, authority) => driver.capture(machine, HOME_BASE, authority)],
    [
      "restore",
      (machine, authority) => driver.restore(machine, HOME_BASE, { ...authority, ...stranger }),
    ],
    ...(park === undefined ? [] : [["park", park] as const]),
    ...(stop === undefined ? [] : [["stop", stop] as const]),
    ...(power === undefined
      ? []
      : [
          [
            "power",
            (machine, authority) => power(machine, "crash", { ...authority, ...stranger }),
          ] satisfies Deed,
        ]),
    ...(network === undefined
      ? []
      : [
          [
            "network",
            (machine, authority) => network(machine, "disconnect", authority),
          ] satisfies Deed,
        ]),
    ...(captureTogether === undefined
      ? []
      : [
          [
            "captureTogether",
            (machine, authority) => captureTogether([machine], HOME_BASE, authority),
          ] satisfies Deed,
        ]),
    ...(drop === undefined
      ? []
      : [["drop", (machine, authority) => drop(machine, HOME_BASE, authority)] satisfies Deed]),
    ["remove", (machine, authority) => driver.remove(machine, authority)],
  ];
}

const STRANGER = generateKeyPair();

/**
 * Makes a machine dirty, lets `act` try what it must not get done, and sees that everything is as
 * it was before. Leaves a restored machine.
 */
export async function unchangedBy(
  stage: TestMachines,
  name: string,
  act: () => Promise<void>,
): Promise<void> {
  await stage.rewind(name);
  await using connection = await stage.login(name);
  await run(connection, "echo dirty > dirty");
  const before = await stage.status(name);

  await act();

  assert.deepEqual(await stage.status(name), before, "inspect sees a change");
  assert.equal(
    await run(connection, "cat dirty"),
    "dirty",
    "the machine was rolled back, or its sessions ended",
  );
  await rejectsWith(
    "LOGIN_REFUSED",
    "a key that came with a refused call",
    stage.login(name, { key: STRANGER }),
  );
  // With the same lease: an equal fence passes.
  await stage.driver.restore(stage.ref(name), HOME_BASE, stage.admission());
  await using fresh = await stage.login(name);
  assert.equal(await run(fresh, "[ ! -e dirty ] && cat kept"), "kept", "the snapshot was replaced");
}
