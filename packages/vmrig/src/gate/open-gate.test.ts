import { stat } from "node:fs/promises";
import { expect, vi } from "vitest";
import type { VmrigError } from "../errors/vmrig-error.ts";
import { keysOf } from "../lease/keys.ts";
import { openLeaseStore } from "../lease/open-lease-store.ts";
import { waitFor } from "../wait/wait-for.ts";
import { killFake } from "../driver/fake/fake-machines.test.kit.ts";
import { on, test, locations } from "./test-gate.test.kit.ts";

const LOCK = keysOf("vmrig", { rig: "pcs", copy: "pcs-1" }).lock;

/** Hides Terraform, for a run that must not need it. */
function withoutTerraform(): void {
  vi.stubEnv("VMRIG_TERRAFORM", "/nonexistent/terraform");
}

function kinds(logLines: readonly string[]): string[] {
  return logLines.map((line) => line.split(" ")[0] ?? "");
}

async function fingerprintOf(paths: readonly string[]): Promise<unknown[]> {
  return await Promise.all(
    paths.map((path) =>
      stat(path).then(
        ({ ino, ctimeMs }) => [path, ino, ctimeMs],
        () => [path, "not there"],
      ),
    ),
  );
}

test("the first claim creates the machines, prepares them, and grants them at their baseline", async ({
  testGate,
}) => {
  const { gate, logLines } = testGate.run({
    prepare: { run: ["echo prepared > recipe", "hostname >> recipe"] },
  });

  const grant = await gate.claim("file");

  expect(kinds(logLines)).toEqual([
    "check",
    "plan",
    "apply",
    "boot",
    "baseline",
    "lease",
    "rollback",
  ]);
  expect(logLines).toContainEqual(
    expect.stringContaining("create terraform_data.pc1, terraform_data.pc2"),
  );
  expect(grant).toMatchObject({
    copy: "pcs-1",
    guest: "shell",
    machines: [{ name: "pc1" }, { name: "pc2" }],
  });
  for (const name of ["pc1", "pc2"])
    expect(await on(grant, name, "cat recipe")).toBe(`prepared\n${name}`);
});

test("preparing a fake machine changes nothing on this computer", async ({ testGate }) => {
  // All files that vmrig's guest setup writes on a machine that has a system.
  const paths = [
    "/etc/hosts /etc/hostname /etc/ssh /etc/ssh/ssh_known_hosts /etc/ssh/sshd_config.d /etc/ssh/authorized_keys.d",
    "/usr/lib /usr/lib/vmrig /var/lib /var/lib/vmrig /home /home/vmrig",
  ].flatMap((line) => line.split(" "));
  const before = await fingerprintOf(paths);

  const grant = await testGate.run({ prepare: { run: ["true"] } }).gate.claim("file");
  await on(grant, "pc1", "true");

  expect(await fingerprintOf(paths)).toEqual(before);
});

test("a second run finds the recorded machines: it starts no Terraform, and rolls back", async ({
  testGate,
}) => {
  const first = testGate.run();
  await on(await first.gate.claim("file"), "pc1", "echo dirty > dirty");
  await first.gate.close();
  const parked = await testGate.machines();
  expect(Object.values(parked).map(({ power }) => power)).toEqual(["paused", "paused"]);
  withoutTerraform();

  const second = testGate.run();
  const grant = await second.gate.claim("file");

  expect(kinds(second.logLines)).toEqual(["lease", "rollback"]);
  expect(await on(grant, "pc1", "ls")).toBe("");
  expect(locations(await testGate.machines())).toEqual(locations(parked));
});

test("machines are rolled back for each claim, except for a claim with one rollback per run", async ({
  testGate,
}) => {
  const { gate, logLines } = testGate.run();
  const first = await gate.claim("run");
  await on(first, "pc1", "echo dirty > dirty");
  gate.release(first.claim);

  const second = await gate.claim("run");
  expect(await on(second, "pc1", "cat dirty")).toBe("dirty");
  gate.release(second.claim);

  const third = await gate.claim("file");
  expect(await on(third, "pc1", "ls")).toBe("");
  await on(third, "pc1", "echo dirty > dirty");
  const again = await gate.rollBack(third.claim);
  expect(await on(again, "pc1", "ls")).toBe("");
  expect(again.nonce).not.toBe(third.nonce);
  expect(kinds(logLines).filter((kind) => kind === "rollback")).toHaveLength(3);
});

test("an unhealthy machine is recovered, and rolled back for the next claim as well", async ({
  testGate,
}) => {
  const { gate, logLines } = testGate.run();
  const first = await gate.claim("run");
  await on(first, "pc1", "echo 0123456789abcdef > .vmrig/baseline");
  const error = (await on({ ...first, nonce: "another" }, "pc1", "true").catch(
    (thrown: unknown) => thrown,
  )) as VmrigError;
  expect(error).toMatchObject({ code: "ROLLBACK_FAILED" });
  const recovered = await gate.recover(first.claim, [{ machine: "pc1", error }]);
  expect(recovered.claim).toBe(first.claim);
  expect(await on(recovered, "pc1", "cat .vmrig/baseline")).toBe(first.baseline);
  gate.release(first.claim);

  expect((await gate.claim("run")).nonce).toBe(recovered.nonce);
  expect(kinds(logLines).slice(-4)).toEqual(["broken", "recover", "recover", "rollback"]);
});

test("claims are served in order; a cancelled claim leaves the queue", async ({ testGate }) => {
  const { gate } = testGate.run();
  const first = await gate.claim("file");
  const off = new AbortController();
  const order: string[] = [];
  const second = gate.claim("file", off.signal).then(
    () => order.push("second"),
    (error: unknown) => order.push(String(error)),
  );
  const third = gate.claim("file").then(({ claim }) => {
    order.push("third");
    gate.release(claim);
  });
  off.abort(new Error("called off"));
  await second;
  order.push("first released");
  gate.release(first.claim);
  await third;

  expect(order).toEqual(["Error: called off", "first released", "third"]);
});

test("a machine whose process was killed restarts by itself, also between the claims of a run", async ({
  testGate,
}) => {
  const { gate, logLines } = testGate.run();
  const first = await gate.claim("file");
  const before = await testGate.machines();
  gate.release(first.claim);
  await killFake(before["pc2"]);

  const second = await gate.claim("file");

  expect(await on(second, "pc2", "hostname")).toBe("pc2");
  expect(logLines).toContainEqual(expect.stringMatching(/^recover +pc2: /));
  const after = await testGate.machines();
  expect(after["pc2"]?.hostKey).toBe(before["pc2"]?.hostKey);
  expect(after["pc2"]?.location).not.toBe(before["pc2"]?.location);
});

test("a second run waits in the queue, reports the holder, and gets the rig when the first run closes", async ({
  testGate,
}) => {
  const alice = testGate.run();
  const grant = await alice.gate.claim("file");
  const bob = testGate.run({}, { who: "bob" });
  const waiting = bob.gate.claim("file");
  await waitFor({
    what: "bob to be in the queue",
    timeoutMs: 20_000,
    probe: async () => (bob.logLines.length > 0 ? { value: true } : { seen: "nothing said" }),
  });
  expect(bob.logLines[0]).toMatch(/^wait .*alice@laptop/);
  await on(grant, "pc1", "echo dirty > dirty");
  await alice.gate.close();

  const his = await waiting;

  expect(his.fence).toBeGreaterThan(grant.fence);
  expect(await on(his, "pc1", "ls")).toBe("");
  await expect(on(grant, "pc1", "true")).rejects.toMatchObject({ code: "LOGIN_REFUSED" });
});

test("a gate that is closed while it waits leaves the queue immediately", async ({ testGate }) => {
  const alice = testGate.run();
  await alice.gate.claim("file");
  const bob = testGate.run({}, { who: "bob" });
  const waiting = bob.gate.claim("file");
  waiting.catch(() => {});
  await using store = await openLeaseStore({
    redis: { socketPath: `${testGate.folders.runtime}/redis/redis.sock` },
  });
  const queueLength = async (): Promise<number> =>
    (await store.view({ rig: "pcs", copies: ["pcs-1"] })).queue.length;
  await waitFor({
    what: "bob to be in the queue",
    timeoutMs: 20_000,
    probe: async () => ((await queueLength()) === 1 ? { value: true } : { seen: "an empty queue" }),
  });

  await Promise.all([bob.gate.close(), bob.gate.close()]);

  await expect(waiting).rejects.toMatchObject({ code: "CANCELLED" });
  expect(await queueLength()).toBe(0);
  expect((await testGate.machines())["pc1"]?.power).toBe("running");
});

test("a lost lease ends the claim and the run: every later claim of the run reports why, and the next run leases the rig again", async ({
  testGate,
}) => {
  const { gate } = testGate.run({ lease: { ttl: "2s" } });
  const over: unknown[] = [];
  gate.onOver((reason) => over.push(reason));
  const first = await gate.claim("file");
  const lost = gate.lost(first.claim);
  const waiting = gate.claim("file").catch((error: unknown) => error);
  await testGate.redis().del(LOCK);
  await waitFor({
    what: "the loss to be noticed",
    timeoutMs: 20_000,
    probe: async () => (lost.aborted ? { value: true } : { seen: "held" }),
  });

  expect(lost.reason).toMatchObject({ code: "LEASE_LOST" });
  expect(over).toEqual([lost.reason]);
  expect(await waiting).toBe(lost.reason);
  await expect(gate.rollBack(first.claim)).rejects.toMatchObject({ code: "LEASE_LOST" });
  await expect(gate.claim("file")).rejects.toBe(lost.reason);

  gate.begin();
  const second = await gate.claim("file");
  expect(second.fence).toBeGreaterThan(first.fence);
  expect(await on(second, "pc1", "echo in")).toBe("in");
  await expect(on(first, "pc1", "true")).rejects.toMatchObject({ code: "LOGIN_REFUSED" });
});
