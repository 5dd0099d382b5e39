import { expect } from "vitest";
import { systemClock, type Clock } from "../../clock/clock.ts";
import { keysOf } from "../../lease/keys.ts";
import { test, type Run, type TestGate } from "../test-gate.test.kit.ts";

const DAY_MS = 86_400_000;
const inDays = (days: number): Clock => ({
  ...systemClock,
  wall: () => systemClock.wall() + days * DAY_MS,
});

/** Runs until the machines are claimed. @returns what it said about the age of the baseline */
async function runOnce({ gate, logLines }: Run): Promise<string[]> {
  const { baseline } = await gate.claim("file");
  expect(baseline).toMatch(/^[0-9a-f]{16}$/);
  await gate.close();
  return logLines.filter((line) => /maxAge|upgrade/.test(line));
}

const run = (testGate: TestGate, days: number, maxAge?: "7d"): Run =>
  testGate.run({ baseline: { ...(maxAge && { maxAge }) } }, { clock: inDays(days) });

const record = keysOf("vmrig", { rig: "pcs", copy: "pcs-1" }).record;

test("a run on a baseline that is older than the config allows says so with the command, and upgrades nothing", async ({
  testGate,
}) => {
  expect(await runOnce(run(testGate, 0, "7d"))).toEqual([]);
  const before = await testGate.machines();
  expect(await runOnce(run(testGate, 6.9, "7d"))).toEqual([]);
  expect(await runOnce(run(testGate, 9.5, "7d"))).toEqual([
    "baseline pcs-1: its packages are 9 days old, `baseline.maxAge` is 7 days; upgrade them with `vmrig up --refresh`",
  ]);
  expect((await testGate.machines())["pc1"]?.snapshots).toEqual(before["pc1"]?.snapshots);
  expect(await runOnce(run(testGate, 9.5))).toEqual([]);
});

test("the age survives another Terraform run, and is unknown after the record was lost", async ({
  testGate,
}) => {
  await runOnce(run(testGate, 0, "7d"));
  const redis = testGate.redis();
  const stored = JSON.parse((await redis.get(record)) ?? "") as object;
  await redis.set(record, JSON.stringify({ ...stored, infrastructure: "other" }));
  const again = run(testGate, 3, "7d");
  expect(await runOnce(again)).toEqual([]);
  expect(again.logLines.join("\n")).toContain("asking Terraform");

  await redis.del(record);
  expect(await runOnce(run(testGate, 3, "7d"))).toEqual([
    expect.stringContaining("its packages are of unknown age"),
  ]);
});
