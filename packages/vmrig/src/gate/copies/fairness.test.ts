import { expect } from "vitest";
import type { Gate } from "../gate.ts";
import type { Grant } from "../../protocol/messages.ts";
import { lineOf } from "../output.test.kit.ts";
import { test, type Run, type TestGate } from "../test-gate.test.kit.ts";

const claimed = (gate: Gate): Promise<Grant> => gate.claim("file");

/** Claims every copy of a rig for alice, and one for bob, who waits. */
async function busyRig(
  testGate: TestGate,
  copies: number,
): Promise<{
  readonly alice: Run;
  readonly grants: Grant[];
  readonly bob: Run;
  readonly bobs: Promise<Grant>;
}> {
  const alice = testGate.run({ copies });
  const grants = await Promise.all(Array.from({ length: copies }, () => claimed(alice.gate)));
  const bob = testGate.run({ copies }, { who: "bob" });
  const bobs = claimed(bob.gate);
  await lineOf(bob.logLines, /^wait .*alice/);
  return { alice, grants, bob, bobs };
}

test("a run with several copies gives one to a run without any, between two files", async ({
  testGate,
}) => {
  const { alice, grants, bobs } = await busyRig(testGate, 3);
  const next = claimed(alice.gate);
  const [first, second] = grants as [Grant, Grant];
  alice.gate.release(first.claim);
  expect((await bobs).copy).toBe(first.copy);
  expect(alice.logLines).toContainEqual(
    expect.stringMatching(new RegExp(`^share    ${first.copy}: released for bob@laptop`)),
  );
  // One is enough: the next file gets the next copy.
  alice.gate.release(second.claim);
  expect((await next).copy).toBe(second.copy);
});

test("a run keeps its only copy while another run waits", async ({ testGate }) => {
  const { alice, grants, bob, bobs } = await busyRig(testGate, 1);
  alice.gate.release(grants[0]?.claim ?? "");
  expect((await claimed(alice.gate)).copy).toBe("pcs-1");
  const refused = expect(bobs).rejects.toMatchObject({ code: "CANCELLED" });
  await bob.gate.close();
  await refused;
});

test("two files that end at once give one copy to one waiting run, not two", async ({
  testGate,
}) => {
  const { alice, grants, bobs } = await busyRig(testGate, 3);
  for (const { claim } of grants) alice.gate.release(claim);
  await bobs;
  const two = await Promise.all([claimed(alice.gate), claimed(alice.gate)]);
  expect(two.map(({ fence }) => grants.some((grant) => grant.fence === fence))).toEqual([
    true,
    true,
  ]);
});

test("a run gives away a copy that it does not use, although its other files go on", async ({
  testGate,
}) => {
  const alice = testGate.run({ copies: 2 });
  const [, unused] = await Promise.all([claimed(alice.gate), claimed(alice.gate)]);
  alice.gate.release(unused.claim);
  const bob = testGate.run({ copies: 2 }, { who: "bob" });
  expect((await claimed(bob.gate)).copy).toBe(unused.copy);
});

test("a run that accepts only one copy gets it, although another copy was free before", async ({
  testGate,
}) => {
  const alice = testGate.run({ copies: 3 });
  const [, first, second] = await Promise.all([
    claimed(alice.gate),
    claimed(alice.gate),
    claimed(alice.gate),
  ]);
  alice.gate.release(first.claim);
  alice.gate.release(second.claim);
  const bob = testGate.run({ copies: 3 }, { who: "bob", only: second.copy });
  expect((await claimed(bob.gate)).copy).toBe(second.copy);
});

test("two runs that could use every copy get half of them each", async ({ testGate }) => {
  const { alice, grants, bob, bobs } = await busyRig(testGate, 4);
  // Alice always has another file to run, and so has bob.
  const alices = [claimed(alice.gate), claimed(alice.gate)];
  const more = [claimed(bob.gate), claimed(bob.gate), claimed(bob.gate)];
  const [first, second, third] = grants as [Grant, Grant, Grant];
  alice.gate.release(first.claim);
  expect((await bobs).copy).toBe(first.copy);
  await lineOf(bob.logLines, /^wait .* for one more copy/);
  alice.gate.release(second.claim);
  expect((await Promise.race(more)).copy).toBe(second.copy);
  await lineOf(bob.logLines, new RegExp(`^lease    ${second.copy}`));
  alice.gate.release(third.claim);
  expect((await Promise.race(alices)).copy).toBe(third.copy);
  for (const waiting of [...alices, ...more]) waiting.catch(() => {});
});

test("a failed copy that is retained is not given away, and the last copy stays", async ({
  testGate,
}) => {
  const alice = testGate.run({ copies: 2, keep: "failed" });
  const [failed, other] = await Promise.all([claimed(alice.gate), claimed(alice.gate)]);
  const bob = testGate.run({ copies: 2 }, { who: "bob" });
  const bobs = claimed(bob.gate);
  await lineOf(bob.logLines, /^wait .*alice/);
  alice.gate.release(failed.claim, true);
  await lineOf(alice.logLines, new RegExp(`^retained ${failed.copy}`));
  alice.gate.release(other.claim);
  expect((await claimed(alice.gate)).copy).toBe(other.copy);
  const refused = expect(bobs).rejects.toMatchObject({ code: "CANCELLED" });
  await bob.gate.close();
  await refused;
});
