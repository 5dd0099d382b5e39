import { afterAll, beforeAll, expect, test } from "vitest";
import { restore, type Restored } from "./restore.ts";
import { capture } from "./snapshots.ts";
import { bootTestMachine, type TestMachine } from "./test-machine.test.kit.ts";

const KEY = `ssh-ed25519 ${"A".repeat(68)}`;
let machine: TestMachine;
let fence = 1;
beforeAll(async () => {
  machine = await bootTestMachine();
  await capture(change(), "base");
}, 300_000);
afterAll(() => machine?.[Symbol.asyncDispose]());

function change() {
  return { machine: "pc1", shell: machine.shell, signal: AbortSignal.timeout(280_000), fence };
}

async function restoreBase(): Promise<Restored> {
  const began = performance.now();
  const restored = await restore({
    ...change(),
    snapshot: "base",
    authorize: KEY,
    reconnect: machine.reconnect,
    enterMs: 200_000,
  });
  console.log(`restored in ${Math.round(performance.now() - began)} ms`, restored.because);
  return restored;
}

test("an untouched machine is restored twice without a reboot", async () => {
  const boot = await machine.bash("cat /proc/sys/kernel/random/boot_id");
  await machine.bash("echo 1 > /root/dirty; echo 1 > /home/vmrig/dirty");
  for (const _ of [1, 2]) expect(await restoreBase()).toMatchObject({ because: [] });
  expect(await machine.bash("cat /proc/sys/kernel/random/boot_id; ls /root /home/vmrig")).toBe(
    `${boot}/home/vmrig:\n\n/root:\n`,
  );
  expect(await machine.bash("tail -1 /home/vmrig/.ssh/authorized_keys")).toBe(
    `${KEY} vmrig-lease\n`,
  );
});
