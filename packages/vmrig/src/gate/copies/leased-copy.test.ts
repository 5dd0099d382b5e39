import { rm } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "vitest";
import { fakeDriver } from "../../driver/fake/driver.ts";
import { keysOf } from "../../lease/keys.ts";
import { stateFiles } from "../../provision/state-files.ts";
import { on, test, locations } from "../test-gate.test.kit.ts";

const PC1 = "terraform_data.pc1";
const PC2 = "terraform_data.pc2";

test("a deleted record is restored: Terraform runs, and changes nothing", async ({ testGate }) => {
  const first = testGate.run();
  await first.gate.claim("file");
  await first.gate.close();
  const before = await testGate.machines();
  await testGate.redis().del(keysOf("vmrig", { rig: "pcs", copy: "pcs-1" }).record);

  const { gate, logLines } = testGate.run();
  await gate.claim("file");

  expect(logLines.slice(0, 2)).toEqual([
    "check    pcs-1: there is no record of it; asking Terraform",
    "plan     no changes",
  ]);
  expect(locations(await testGate.machines())).toEqual(locations(before));
  await gate.close();
  const third = testGate.run();
  await third.gate.claim("file");
  expect(third.logLines[0]).toMatch(/^lease /);
});

test("machines whose Terraform state is gone fail with STATE_LOST, and are not touched", async ({
  testGate,
}) => {
  const first = testGate.run();
  await first.gate.claim("file");
  await first.gate.close();
  const before = await testGate.machines();
  await rm(stateFiles(await testGate.copy()).versions, { recursive: true });

  await expect(testGate.run().gate.claim("file")).rejects.toMatchObject({
    code: "STATE_LOST",
    details: expect.arrayContaining([expect.stringMatching(/^pc1, paused .*there is no state$/)]),
  });

  expect(await testGate.machines()).toEqual(before);
});

test("another memory size fails with PLAN_REFUSED and changes nothing, until a person allows it", async ({
  testGate,
}) => {
  const first = testGate.run();
  await first.gate.claim("file");
  await first.gate.close();
  const before = await testGate.machines();
  const larger = { machines: { pc1: { memory: "1GB" }, pc2: {} } } as const;

  await expect(testGate.run(larger).gate.claim("file")).rejects.toMatchObject({
    code: "PLAN_REFUSED",
    message: expect.stringContaining(PC1),
  });
  expect(await testGate.machines()).toEqual(before);

  const allowed = testGate.run(larger, { allow: new Set([PC1]) });
  const grant = await allowed.gate.claim("file");
  expect(allowed.logLines).toContain(`plan     replace ${PC1}`);
  const after = await testGate.machines();
  expect(after["pc1"]?.hostKey).not.toBe(before["pc1"]?.hostKey);
  expect(after["pc2"]?.location).toBe(before["pc2"]?.location);
  for (const name of ["pc1", "pc2"]) expect(await on(grant, name, "hostname")).toBe(name);
});

test("another image needs new machines, which a test run may not create", async ({ testGate }) => {
  const first = testGate.run();
  await first.gate.claim("file");
  await first.gate.close();

  await expect(
    testGate.run({ driver: fakeDriver({ image: "other" }) }).gate.claim("file"),
  ).rejects.toMatchObject({
    code: "PLAN_REFUSED",
    message: expect.stringContaining(PC2),
  });
});

test("another recipe rebuilds the baseline from the pristine machines", async ({ testGate }) => {
  const first = testGate.run({ prepare: { run: ["echo one > recipe; echo left > over"] } });
  const old = await first.gate.claim("file");
  await first.gate.close();
  const before = await testGate.machines();

  const { gate, logLines } = testGate.run({ prepare: { run: ["echo two > recipe"] } });
  const grant = await gate.claim("file");

  expect(logLines[0]).toBe(
    "baseline pcs-1: the recipe changed; preparing again from the pristine machines",
  );
  expect(grant.baseline).not.toBe(old.baseline);
  expect(await on(grant, "pc2", "cat recipe; ls")).toBe("two\nrecipe");
  expect(locations(await testGate.machines())).toEqual(locations(before));
});

test("the baseline of an earlier recipe still exists, and is used again", async ({ testGate }) => {
  const one = { prepare: { run: ["echo one > recipe"] } };
  for (const config of [one, { prepare: { run: ["echo two > recipe"] } }]) {
    const { gate } = testGate.run(config);
    await gate.claim("file");
    await gate.close();
  }

  const { gate, logLines } = testGate.run(one);
  expect(await on(await gate.claim("file"), "pc1", "cat recipe")).toBe("one");
  expect(logLines[0]).toMatch(/^lease /);
});

test("a new machine joins the others, which start again from pristine and not from the last test's state", async ({
  testGate,
}) => {
  const first = testGate.run();
  await on(await first.gate.claim("file"), "pc1", "echo dirty > dirty");
  await first.gate.close();

  const three = { machines: { pc1: {}, pc2: {}, pc3: {} } };
  const { gate, logLines } = testGate.run(three);
  const grant = await gate.claim("file");

  expect(logLines).toContain("plan     create terraform_data.pc3");
  for (const name of ["pc1", "pc2", "pc3"])
    expect(await on(grant, name, "hostname; ls")).toBe(name);
  await gate.close();

  // Starts from pristine again: the pristine snapshot must be clean, too.
  const again = testGate.run({ ...three, prepare: { run: ["ls > found"] } });
  expect(await on(await again.gate.claim("file"), "pc1", "grep -v found found || true")).toBe("");
});

test("a failing recipe reports its step and its output; the next run starts again from pristine", async ({
  testGate,
}) => {
  const failing = testGate.run({
    prepare: { run: ["echo left > over", "echo the words >&2; exit 3"] },
  });
  await expect(failing.gate.claim("file")).rejects.toMatchObject({
    code: "PREPARE_FAILED",
    message: expect.stringMatching(/"echo the words >&2; exit 3" exited with 3/),
    details: expect.arrayContaining(["the words"]),
  });
  await failing.gate.close();

  const { gate } = testGate.run({ prepare: { run: ["ls > found"] } });
  expect(await on(await gate.claim("file"), "pc1", "grep -v found found || true")).toBe("");
});

test("a recipe that needs a system is refused for machines without one", async ({ testGate }) => {
  const { gate } = testGate.run({
    prepare: { packages: ["rsync"], files: { "/etc/motd": "hello" } },
  });

  await expect(gate.claim("file")).rejects.toMatchObject({
    code: "CAPABILITY_MISSING",
    details: ["package rsync", "file /etc/motd"],
  });
});

test("a run that waits too long for a busy rig fails with RIG_BUSY, and the holder keeps the machines", async ({
  testGate,
}) => {
  const alice = testGate.run();
  const grant = await alice.gate.claim("file");

  const bob = testGate.run({ lease: { waitFor: "1s" } }, { who: "bob" });
  await expect(bob.gate.claim("file")).rejects.toMatchObject({ code: "RIG_BUSY" });

  expect(await on(grant, "pc1", "echo mine")).toBe("mine");
});

test("a copy's machines, state and sockets are in the folders that the copy was given", async ({
  testGate,
}) => {
  await testGate.run().gate.claim("file");
  const { pc1 } = await testGate.machines();
  expect(pc1?.location).toContain(join(testGate.folders.state, "rigs", "pcs-1", "machines", "pc1"));
});
