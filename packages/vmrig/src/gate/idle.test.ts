import { expect, onTestFinished, test } from "vitest";
import type { Clock } from "../clock/clock.ts";
import { whenIdle, type Idle } from "./idle.ts";

interface IdleRun {
  readonly idle: Idle;
  readonly rests: number[];
  others: boolean;
  /** Advances the clock in steps, and runs everything that is due. */
  pass(ms: number): Promise<void>;
}

/** Creates an idle detector with a clock that only `pass` advances. */
function createIdleRun(idleMs: number): IdleRun {
  let now = 0;
  const sleepers = new Set<{ readonly at: number; readonly wake: () => void }>();
  const clock: Clock = {
    wall: () => now,
    monotonic: () => now,
    sleep: (ms, signal) =>
      new Promise((resolve, reject) => {
        if (signal?.aborted === true) return reject(signal.reason);
        const sleeper = { at: now + ms, wake: resolve };
        sleepers.add(sleeper);
        signal?.addEventListener("abort", () => (sleepers.delete(sleeper), reject(signal.reason)), {
          once: true,
        });
      }),
  };
  const over = new AbortController();
  onTestFinished(() => over.abort());
  const made = {
    rests: [] as number[],
    others: false,
    async pass(ms: number) {
      for (const end = now + ms; now < end; now += 100) {
        for (const sleeper of sleepers)
          if (sleeper.at <= now && sleepers.delete(sleeper)) sleeper.wake();
        await new Promise((resolve) => setImmediate(resolve));
      }
    },
  };
  const idle = whenIdle({
    clock,
    idleMs,
    signal: over.signal,
    othersWait: async () => made.others,
    rest: async () => void made.rests.push(now),
  });
  return Object.assign(made, { idle });
}

test("gives copies back after the idle time when no other run waits", async () => {
  const run = createIdleRun(60_000);
  run.idle.watch(true);
  await run.pass(59_000);
  expect(run.rests).toEqual([]);
  await run.pass(3_000);
  expect(run.rests).toHaveLength(1);
  await run.pass(120_000);
  expect(run.rests).toHaveLength(1);
});

test("gives copies back after a short grace when another run waits, even when that run comes later", async () => {
  const run = createIdleRun(60_000);
  run.others = true;
  run.idle.watch(true);
  await run.pass(4_500);
  expect(run.rests).toEqual([]);
  await run.pass(1_000);
  expect(run.rests).toHaveLength(1);

  const later = createIdleRun(60_000);
  later.idle.watch(true);
  await later.pass(20_000);
  later.others = true;
  await later.pass(2_000);
  expect(later.rests).toHaveLength(1);
});

test("a claim in time keeps the copies, and restarts the idle time", async () => {
  const run = createIdleRun(10_000);
  run.idle.watch(true);
  await run.pass(9_000);
  run.idle.disturb();
  await run.pass(20_000);
  expect(run.rests).toEqual([]);
  run.idle.watch(false);
  await run.pass(20_000);
  expect(run.rests).toEqual([]);
  run.idle.watch(true);
  await run.pass(9_000);
  expect(run.rests).toEqual([]);
  await run.pass(2_000);
  expect(run.rests).toHaveLength(1);
});

test("an idle time shorter than the grace takes precedence", async () => {
  const run = createIdleRun(1_000);
  run.idle.watch(true);
  await run.pass(1_500);
  expect(run.rests).toHaveLength(1);
});
