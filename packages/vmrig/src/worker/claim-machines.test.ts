import { once } from "node:events";
import { access, rm } from "node:fs/promises";
import { createServer } from "node:http";
import { expect, onTestFinished } from "vitest";
import { VmrigError } from "../errors/vmrig-error.ts";
import { keysOf } from "../lease/keys.ts";
import type { Machine } from "../machine/machine.ts";
import { startService } from "../ssh/fixtures/service.test.kit.ts";
import type { ClaimSession } from "./claim-session.ts";
import { claimMachines } from "./claim-machines.ts";
import type { GateClient } from "../protocol/gate-client.ts";
import type { Grant } from "../protocol/messages.ts";
import { on, test, type TestGate } from "../gate/test-gate.test.kit.ts";
import { serve } from "../gate/socket.test.kit.ts";

/** Connects a worker over a socket to a gate with real leases. */
async function worker(testGate: TestGate): Promise<GateClient> {
  return (
    await serve(
      Promise.resolve(
        testGate.run({ prepare: { run: ["echo hello > greeting"] }, lease: { ttl: "3s" } }).gate,
      ),
    )
  ).client();
}

function pc1Of({ machines }: Pick<ClaimSession, "machines">): Machine {
  const machine = machines["pc1"];
  if (machine === undefined) throw new Error("no pc1");
  return machine;
}

test("a machine stays the same object across rollbacks, and is at its baseline after each", async ({
  testGate,
}) => {
  const claim = await claimMachines(await worker(testGate), "file");
  const pc1 = pc1Of(claim);
  expect(Object.keys(claim.machines)).toEqual(["pc1", "pc2"]);
  expect((await pc1.$`cat greeting; echo mine > greeting; cat greeting`).stdout).toBe(
    "hello\nmine",
  );

  const endless = pc1.$`echo $$ > pid; exec sleep 600`.catch((error: unknown) => error);
  await pc1.waitUntilSucceeds`test -s pid`;
  await claim.rollBack();
  expect(await endless).toMatchObject({ code: "CONNECTION_LOST" });
  expect(
    (await pc1.$`cat greeting; ls pid 2>&1 | wc -l; cat pid 2>/dev/null || echo no pid`).stdout,
  ).toBe("hello\n1\nno pid");

  await claim.release();
  await expect(claim.rollBack()).rejects.toMatchObject({ code: "LEASE_LOST" });
});

test("after a failed rollback the machines are out of reach until a rollback succeeds", async ({
  testGate,
}) => {
  const client = await worker(testGate);
  const broken = new VmrigError("ROLLBACK_FAILED", { message: "pc2 did not come back." });
  let fail = true;
  const rollBack: GateClient["rollBack"] = async (id) => {
    if (!fail) return client.rollBack(id);
    await client.hello();
    throw broken;
  };
  const claim = await claimMachines({ ...client, rollBack }, "file");
  const pc1 = pc1Of(claim);
  await pc1.$`echo mine > greeting`;
  await expect(claim.rollBack()).rejects.toBe(broken);
  await expect(pc1.$`cat greeting`).rejects.toBe(broken);
  fail = false;
  await claim.rollBack();
  expect((await pc1.$`cat greeting`).stdout).toBe("hello");
});

test("forwards and reverses that outlive a rollback reconnect after it, and end with the claim", async ({
  testGate,
}) => {
  const claim = await claimMachines(await worker(testGate), "file");
  const pc1 = pc1Of(claim);
  const { port } = await startService(createServer((_, response) => void response.end("played")));
  const back = await pc1.reverse(port);
  const socket = await pc1.reverse(port, {
    path: `${(await pc1.tmpdir()).path}/played.sock`,
  });
  const forth = await pc1.forward(back.port);
  for (const roll of [async () => {}, () => claim.rollBack()]) {
    await roll();
    expect(await (await fetch(forth.url)).text()).toBe("played");
    expect(await (await pc1.fetch(back.url)).text()).toBe("played");
    expect((await pc1.waitForHttp(back.port)).body).toBe("played");
    expect(back.refused).toBeUndefined();
  }
  expect(await (await pc1.fetch("http://played/", { socketPath: socket.path })).text()).toBe(
    "played",
  );
  await claim.release();
  await expect(fetch(forth.url)).rejects.toMatchObject({ message: "fetch failed" });
});

test("a lost lease ends the running commands, and no new command begins", async ({ testGate }) => {
  const claim = await claimMachines(await worker(testGate), "file");
  const pc1 = pc1Of(claim);
  const endless = pc1.$`touch begun; exec sleep 600`.catch((error: unknown) => error);
  await pc1.waitUntilSucceeds`test -e begun`;
  await testGate.redis().del(keysOf("vmrig", { rig: "pcs", copy: claim.copy }).lock);
  expect(await endless).toMatchObject({ code: "CANCELLED", cause: { code: "LEASE_LOST" } });
  expect(claim.signal.reason).toMatchObject({ code: "LEASE_LOST" });
  await expect(pc1.$`true`).rejects.toMatchObject({ code: "CANCELLED" });
  await expect(claim.rollBack()).rejects.toMatchObject({ code: "LEASE_LOST" });
  await claim.release();
});

test("unhealthy machines recover before the first command, which then runs", async ({
  testGate,
}) => {
  const { gate, logLines } = testGate.run();
  const client = await (await serve(Promise.resolve(gate))).client();
  const claim = await claimMachines(
    {
      ...client,
      claim: async (policy) => ({ ...(await client.claim(policy)), baseline: "another" }),
    },
    "file",
  );
  onTestFinished(() => claim.release());
  expect((await pc1Of(claim).$`touch ran; ls`).stdout).toBe("ran");
  expect(logLines.filter((line) => line.startsWith("broken ")).toSorted()).toEqual([
    "broken   pcs-1 pc1: Could not verify that pc1 is at its baseline another.",
    "broken   pcs-1 pc2: Could not verify that pc2 is at its baseline another.",
  ]);
});

test("machines that cannot be recovered run no command, and every command reports why", async ({
  testGate,
}) => {
  const { gate } = testGate.run();
  const client = await (await serve(Promise.resolve(gate))).client();
  const wrong = <A extends unknown[]>(ask: (...args: A) => Promise<Grant>) => {
    return async (...args: A): Promise<Grant> => ({ ...(await ask(...args)), baseline: "another" });
  };
  const claim = await claimMachines(
    { ...client, claim: wrong(client.claim), recover: wrong(client.recover) },
    "file",
  );
  const running = pc1Of(claim).$`touch ran`;
  await expect(running).rejects.toMatchObject({
    code: "RIG_BROKEN",
    details: [expect.stringContaining("of pcs-1 cannot be brought back")],
  });
  await expect(pc1Of(claim).$`true`).rejects.toMatchObject({ code: "RIG_BROKEN" });
});

test("a machine that no test logs in to is proven too, before another machine can talk to it", async ({
  testGate,
}) => {
  const { gate, logLines } = testGate.run();
  const client = await (await serve(Promise.resolve(gate))).client();
  const claim = await claimMachines(
    {
      ...client,
      async claim(policy) {
        const granted = await client.claim(policy);
        await on({ ...granted, nonce: "another" }, "pc2", "true");
        return granted;
      },
    },
    "file",
  );
  onTestFinished(() => claim.release());
  expect((await pc1Of(claim).$`hostname`).stdout).toBe("pc1");
  expect(logLines.filter((line) => line.startsWith("broken "))).toEqual([
    "broken   pcs-1 pc2: Could not verify that pc2 is at its baseline ".concat(claim.baseline, "."),
  ]);
});

test("machines of an ended claim are out of reach for code that still has the objects", async ({
  testGate,
}) => {
  const claim = await claimMachines(await worker(testGate), "file");
  const pc1 = pc1Of(claim);
  await pc1.$`true`;
  await claim.release();
  await expect(pc1.$`echo late > late`).rejects.toMatchObject({
    code: "LEASE_LOST",
    message: expect.stringContaining("their test file has ended"),
  });
});

test("a temporary folder is removed at the end of the part that created it, and the file's own at the file's end", async ({
  testGate,
}) => {
  const claim = await claimMachines(await worker(testGate), "file");
  const pc1 = pc1Of(claim);
  const ofFile = await pc1.tmpdir();
  const end = claim.begin();
  const ofTest = await pc1.tmpdir();
  await end();
  expect([await pc1.file(ofTest.path).exists(), await pc1.file(ofFile.path).exists()]).toEqual([
    false,
    true,
  ]);
  await claim.release();
  await expect(access(ofFile.path)).rejects.toMatchObject({ code: "ENOENT" });
});

test("a temporary folder on a machine that was rolled back or lost is not removed", async ({
  testGate,
}) => {
  const claim = await claimMachines(await worker(testGate), "file");
  const end = claim.begin();
  await pc1Of(claim).tmpdir();
  await claim.rollBack();
  await expect(end()).resolves.toBeUndefined();
  const { path } = await pc1Of(claim).tmpdir();
  onTestFinished(() => rm(path, { recursive: true }));
  await testGate.redis().del(keysOf("vmrig", { rig: "pcs", copy: claim.copy }).lock);
  await once(claim.signal, "abort");
  await expect(claim.release()).resolves.toBeUndefined();
});

test("a first command that a rollback interrupts triggers no recovery", async ({ testGate }) => {
  const { gate, logLines } = testGate.run();
  const claim = await claimMachines(await (await serve(Promise.resolve(gate))).client(), "file");
  onTestFinished(() => claim.release());
  const early = pc1Of(claim).$`true`.catch((error: unknown) => error);
  await claim.rollBack();
  expect((await pc1Of(claim).$`hostname`).stdout).toBe("pc1");
  await early;
  expect(logLines.filter((line) => /^(broken|recover)/.test(line))).toEqual([]);
});

test("the console tail comes through the gate, for as long as the claim lasts", async ({
  testGate,
}) => {
  const claim = await claimMachines(await worker(testGate), "file");
  expect(await claim.console("pc2")).toMatch(/^--- vmrig: pc2 is back at baseline-/);
  await claim.release();
  await expect(claim.console("pc2")).rejects.toMatchObject({ code: "LEASE_LOST" });
});

test("a looker logs in as root to a proven machine, ignores the test's time, and triggers no rollback", async ({
  testGate,
}) => {
  const claim = await claimMachines(await worker(testGate), "file");
  const evidenceMachine = pc1Of({ machines: claim.evidenceMachines });
  await expect(evidenceMachine.$`true`).rejects.toMatchObject({ code: "MACHINE_UNREACHABLE" });
  const seen: string[] = [];
  claim.scope = AbortSignal.timeout(1);
  claim.observer = ({ command }) => {
    seen.push(command);
    return { ended() {}, secret() {} };
  };
  await pc1Of(claim).$`touch mine`.catch(() => {});
  claim.scope = undefined;
  await pc1Of(claim).$`touch mine`;
  claim.scope = AbortSignal.abort();
  expect((await evidenceMachine.$`ls mine`).stdout).toBe("mine");
  expect(seen).toEqual(["touch mine", "touch mine"]);
});
