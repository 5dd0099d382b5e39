import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { expect, onTestFinished, test } from "vitest";
import { generateKeyPair, type Driver } from "vmrig/driver";
import {
  authority,
  createMachineServer,
  OPTIONS,
  startProject,
  TWO_MACHINES,
  type Project,
} from "./double.test.kit.ts";
import { hcloud } from "./driver.ts";
import { publishRecord } from "./provisioning.test.kit.ts";

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

const AT_BASE = { labels: { "vmrig-snapshots": "base" } };

/** Restores a machine until vmrig would log in, and returns the number of calls until then. */
async function callsOfRestore(
  { double }: Project,
  driver: Driver,
  { name, fence }: { readonly name: string; readonly fence: number },
): Promise<number> {
  const before = double.calls.length;
  const login = new AbortController();
  let calls: number | undefined;
  const by = {
    ...authority(fence),
    authorize: generateKeyPair().publicKey,
    signal: login.signal,
    // Without a label of its host key, a machine is not connected to, and said to be reset.
    say(line: string) {
      calls = double.calls.length - before;
      login.abort(new Error(line));
    },
  };
  const restored = driver.restore({ copy: TWO_MACHINES, name }, "base", by);
  await expect(restored).rejects.toThrow(`recover  ${name}: resetting it`);
  expect(double.calls.length - before, "no call after it").toBe(calls);
  return calls ?? expect.unreachable();
}

test("a run calls the API 3 times for the fingerprint, once for the machines, twice for the first restore of each until the login, and once for each later one", async () => {
  const project = await startProject();
  await publishRecord(project, "recipe-1");
  for (const name of ["pc1", "pc2"]) await createMachineServer(project, name, AT_BASE);
  const driver = hcloud(OPTIONS);
  const begun = project.double.calls.length;

  await driver.fingerprint(TWO_MACHINES);
  expect(project.double.calls.length - begun).toBe(3);
  await driver.inspect(TWO_MACHINES);
  expect(project.double.calls.length - begun).toBe(4);
  // So a run asks for the addresses once.
  expect(driver.fixedAddresses).toBe(true);
  const calls: number[] = [];
  for (const name of ["pc1", "pc2", "pc1", "pc2", "pc1"])
    calls.push(await callsOfRestore(project, driver, { name, fence: 7 }));
  // Each must read the fence again; the first one writes it.
  expect(calls).toEqual([2, 2, 1, 1, 1]);
});
