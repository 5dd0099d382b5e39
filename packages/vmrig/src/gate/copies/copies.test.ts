import { expect } from "vitest";
import type { Driver } from "../../driver/driver.ts";
import { fakeDriver } from "../../driver/fake/driver.ts";
import { VmrigError } from "../../errors/vmrig-error.ts";
import type { Gate } from "../gate.ts";
import { lineOf } from "../output.test.kit.ts";
import { on, test } from "../test-gate.test.kit.ts";

/** Returns the fake driver, with machines that cannot be restored while they are in `broken`. */
function fragile(broken: ReadonlySet<string>): Driver {
  const driver = fakeDriver();
  return {
    ...driver,
    async restore(machine, snapshot, admission) {
      await driver.restore(machine, snapshot, admission);
      if (broken.has(`${machine.copy.copy}/${machine.name}`)) {
        throw new VmrigError("ROLLBACK_FAILED", {
          message: `The disk of ${machine.name} is damaged.`,
        });
      }
    },
  };
}

const claimed = (gate: Gate) => gate.claim("file");

test("two claims of a run get two copies, each with its own machines, state and network", async ({
  testGate,
}) => {
  const { gate } = testGate.run({ copies: 2 });
  const [one, two] = await Promise.all([claimed(gate), claimed(gate)]);
  expect([one.copy, two.copy].toSorted()).toEqual(["pcs-1", "pcs-2"]);
  await on(one, "pc1", "echo mine > mine");
  expect(await on(two, "pc1", "ls")).toBe("");
  const ports = [one, two].flatMap(({ machines }) => machines.map(({ target }) => target.port));
  expect(new Set(ports).size).toBe(4);
});

test("a third claim waits, and gets the copy that is released first", async ({ testGate }) => {
  const { gate } = testGate.run({ copies: 2 });
  const [one, two] = await Promise.all([claimed(gate), claimed(gate)]);
  const third = claimed(gate);
  gate.release(two.claim);
  expect((await third).copy).toBe(two.copy);
  expect((await third).claim).not.toBe(one.claim);
});

test("a run that can use one copy leases no second one", async ({ testGate }) => {
  const one = testGate.run({ copies: 2 }, { maxCopies: 1 });
  const first = await claimed(one.gate);
  const waiting = claimed(one.gate);
  const other = await claimed(testGate.run({ copies: 2 }, { who: "bob" }).gate);
  expect(other.copy).not.toBe(first.copy);
  one.gate.release(first.claim);
  expect((await waiting).copy).toBe(first.copy);
});

test("a run gets a copy that another run released; a run without a copy goes first", async ({
  testGate,
}) => {
  const alice = testGate.run({ copies: 2 });
  const bob = testGate.run({ copies: 2 }, { who: "bob" });
  const carol = testGate.run({ copies: 2 }, { who: "carol" });
  const first = await claimed(alice.gate);
  const second = await claimed(bob.gate);

  // Alice has a copy and could use another. Carol comes later, and has none.
  const extra = claimed(alice.gate);
  await lineOf(alice.logLines, /^wait .*alice.*bob|^wait .*bob.*alice/);
  const carols = claimed(carol.gate);
  await lineOf(carol.logLines, /^wait .* you are next/);
  await bob.gate.close();
  expect((await carols).copy).toBe(second.copy);

  await carol.gate.close();
  expect((await extra).copy).toBe(second.copy);
  expect(first.copy).not.toBe(second.copy);
});

test("every run leaves a broken copy out, with the first cause, until a person repairs it", async ({
  testGate,
}) => {
  const broken = new Set<string>();
  const config = { copies: 2, driver: fragile(broken) };
  const { gate, logLines } = testGate.run(config);
  const first = await claimed(gate);
  broken.add(`${first.copy}/pc2`);
  gate.release(first.claim);
  const second = await claimed(gate);
  expect(second.copy).not.toBe(first.copy);
  expect(logLines).toContainEqual(
    expect.stringMatching(
      new RegExp(
        `^broken   ${first.copy}: excluded from now on; pc2 of ${first.copy} cannot be brought back`,
      ),
    ),
  );
  await gate.close();

  const later = testGate.run(config);
  expect((await claimed(later.gate)).copy).toBe(second.copy);
  expect(later.logLines).toContainEqual(
    expect.stringMatching(
      new RegExp(`^broken   ${first.copy}: excluded since \\S+Z; pc2 of ${first.copy} cannot`),
    ),
  );
  const both = claimed(later.gate).catch((error: unknown) => error);
  await lineOf(later.logLines, /^wait/);
  await later.gate.close();
  expect(await both).toMatchObject({ code: "CANCELLED" });

  const vain = testGate.run(config, { only: first.copy });
  await expect(claimed(vain.gate)).rejects.toMatchObject({ code: "MACHINE_BROKEN" });
  await vain.gate.close();

  broken.clear();
  const repaired = testGate.run(config, {
    only: first.copy,
    allow: new Set(["terraform_data.pc2"]),
  });
  expect((await claimed(repaired.gate)).copy).toBe(first.copy);
  expect(repaired.logLines).toContainEqual(
    expect.stringMatching(/^plan .*replace terraform_data.pc2/),
  );
  await repaired.gate.close();
  const after = testGate.run(config);
  const [one, two] = await Promise.all([claimed(after.gate), claimed(after.gate)]);
  expect([one.copy, two.copy].toSorted()).toEqual(["pcs-1", "pcs-2"]);
});

test("an idle run gives its machines to a waiting run, and takes them again when it continues", async ({
  testGate,
}) => {
  const alice = testGate.run({ lease: { idle: "1s" } });
  const first = await claimed(alice.gate);
  const bob = testGate.run({}, { who: "bob" });
  const bobs = claimed(bob.gate);
  await lineOf(bob.logLines, /^wait .*alice/);
  alice.gate.release(first.claim);
  await lineOf(alice.logLines, /^idle     pcs-1: released/);
  expect((await bobs).fence).toBeGreaterThan(first.fence);
  const again = claimed(alice.gate);
  await bob.gate.close();
  expect((await again).fence).toBeGreaterThan((await bobs).fence);
});

test("a new run that needs no machines releases its copies", async ({ testGate }) => {
  const alice = testGate.run({ lease: { idle: "1s" } });
  alice.gate.release((await claimed(alice.gate)).claim);
  alice.gate.begin();
  expect(await lineOf(alice.logLines, /^idle/)).toContain("pcs-1: released");
});

test("a copy that is ready after its last claimant left is released", async ({ testGate }) => {
  const alice = testGate.run({ lease: { idle: "1s" } });
  const off = new AbortController();
  const asking = alice.gate.claim("file", off.signal).catch((error: unknown) => error);
  await lineOf(alice.logLines, /^check/);
  off.abort(new Error("called off"));
  expect(await asking).toMatchObject({ message: "called off" });
  expect(await lineOf(alice.logLines, /^idle/)).toContain("pcs-1: released");
});

test("a watcher's new run starts from the baseline, even with one rollback per run", async ({
  testGate,
}) => {
  const { gate } = testGate.run();
  const first = await gate.claim("run");
  gate.release(first.claim);
  gate.begin();
  expect((await gate.claim("run")).fresh).toBe(true);
});

test('with onBusy "fail" a busy rig fails immediately, and the error names the holder', async ({
  testGate,
}) => {
  await claimed(testGate.run().gate);
  const bob = testGate.run({ lease: { onBusy: "fail" } }, { who: "bob" });
  await expect(claimed(bob.gate)).rejects.toMatchObject({
    code: "RIG_BUSY",
    summary: expect.stringMatching(
      /^"pcs-1" is busy: held by alice@laptop \(vitest run\) for .+\.$/,
    ),
    hint: expect.stringContaining("lease.onBusy"),
  });
  expect(bob.gate.welcome.onBusy).toBe("fail");
  expect(bob.logLines).toEqual([]);
});

test('with onBusy "skip" a run reports the busy rig once, with the holder of each copy', async ({
  testGate,
}) => {
  const alice = testGate.run({ copies: 2 });
  await Promise.all([claimed(alice.gate), claimed(alice.gate)]);
  const bob = testGate.run({ copies: 2, lease: { onBusy: "skip" } }, { who: "bob" });
  for (const _file of [1, 2]) {
    await expect(claimed(bob.gate)).rejects.toMatchObject({
      code: "RIG_BUSY",
      details: [
        expect.stringMatching(/^pcs-1 held by alice/),
        expect.stringMatching(/^pcs-2 held by alice/),
      ],
    });
  }
  expect(bob.logLines).toEqual([
    expect.stringMatching(
      /^busy     "pcs" is busy: held by alice@laptop .*\. Tests that need it are skipped\.$/,
    ),
  ]);
  bob.gate.begin();
  await expect(claimed(bob.gate)).rejects.toMatchObject({ code: "RIG_BUSY" });
  expect(bob.logLines).toHaveLength(2);
});
