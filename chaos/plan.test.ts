import { expect, test } from "vitest";
import { planFault, planRunner } from "./plan.ts";

const KINDS = { kill: 3, pause: 1 };
const faults = (seed: number) =>
  Array.from({ length: 50 }, (_, index) =>
    planFault(seed, index, { kinds: KINDS, ttlMs: 1_000, grantsPerFault: 3 }),
  );
const runs = (seed: number) =>
  Array.from({ length: 50 }, (_, index) => planRunner(seed, index, { copies: 2 }));

test("the same seed plans the same runs and faults, and another seed plans different ones", () => {
  expect([runs(7), faults(7)]).toEqual([runs(7), faults(7)]);
  expect(runs(8)).not.toEqual(runs(7));
  expect(faults(8)).not.toEqual(faults(7));
});

test("the plan of a run does not depend on other runs", () => {
  expect(planRunner(7, 30, { copies: 2 })).toEqual(runs(7)[30]);
});

test("on slow machines a run has few visits, and pauses after each", () => {
  const slow = Array.from({ length: 50 }, (_, index) =>
    planRunner(7, index, { copies: 2, isSlow: true }),
  );
  for (const { workers } of slow) {
    expect(workers).toHaveLength(1);
    expect(workers[0]?.length).toBeLessThanOrEqual(4);
    for (const { pauseMs } of workers[0] ?? []) expect(pauseMs).toBeGreaterThanOrEqual(200);
  }
});

test("faults are as frequent as their weight, and pauses are both shorter and longer than the TTL", () => {
  const all = Array.from({ length: 1_000 }, (_, seed) =>
    planFault(seed, 0, { kinds: KINDS, ttlMs: 1_000, grantsPerFault: 3 }),
  );
  const kills = all.filter(({ kind }) => kind === "kill").length;
  expect(kills).toBeGreaterThan(650);
  expect(kills).toBeLessThan(850);
  const long = all.filter(({ ms }) => ms > 1_000).length;
  expect(long).toBeGreaterThan(350);
  expect(long).toBeLessThan(650);
});
