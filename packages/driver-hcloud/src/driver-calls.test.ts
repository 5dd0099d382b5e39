import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { expect, onTestFinished, test } from "vitest";
import {
  authority,
  createMachineServer,
  OPTIONS,
  startProject,
  TWO_MACHINES,
} from "./double.test.kit.ts";
import { hcloud } from "./driver.ts";
import { publishRecord } from "./provisioning.test.kit.ts";
import { claimServer } from "./server/claimed-server.ts";

/** Counts the connections that this process opens to the API. */
function countConnections(): () => number {
  let count = 0;
  const onConnected = (): void => void (count += 1);
  subscribe("undici:client:connected", onConnected);
  onTestFinished(() => void unsubscribe("undici:client:connected", onConnected));
  return () => count;
}

test("calls of the driver share connections", async () => {
  await startProject();
  const driver = hcloud(OPTIONS);
  const connections = countConnections();
  for (let call = 0; call < 20; call += 1) await driver.inspect(TWO_MACHINES);
  // A connection that has just replied may not be free for the very next call.
  expect(connections()).toBeLessThanOrEqual(3);
});

test("a warm run of F files and two machines needs 7 + 2 F calls of the API", async () => {
  const project = await startProject();
  await publishRecord(project, "recipe-1");
  for (const name of ["pc1", "pc2"]) await createMachineServer(project, name);
  const driver = hcloud(OPTIONS);
  const lease = authority(7);
  const called = project.double.calls.length;
  const calls = (): number => project.double.calls.length - called;

  // Before the lease, and once under it: the check of the record.
  await driver.fingerprint(TWO_MACHINES);
  expect(calls()).toBe(3);
  await driver.inspect(TWO_MACHINES);
  expect(calls()).toBe(4);
  // Each rollback begins with a claim, which must read the fence again; the first one writes it.
  const claim = async (): Promise<void> => {
    for (const { name } of TWO_MACHINES.machines)
      await claimServer(project.client, { copy: TWO_MACHINES, name }, lease);
  };
  await claim();
  expect(calls()).toBe(4 + 2 * 2);
  // The addresses, once: they stay.
  expect(driver.fixedAddresses).toBe(true);
  await driver.inspect(TWO_MACHINES);
  await claim();
  await claim();
  expect(calls()).toBe(7 + 2 * 3);
});
