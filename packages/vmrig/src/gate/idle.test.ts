import { expect, onTestFinished, test } from "vitest";
import type { Clock } from "../clock/clock.ts";
import { whenIdle, type Idle } from "./idle.ts";

interface Stage {
  readonly idle: Idle;
  readonly rests: number[];
  others: boolean;
  /** Time passes, in steps, and whatever is due happens. */
  pass(ms: number): Promise<void>;
}

/** A clock that stands still until it is told. */
function stage(idleMs: number): Stage {
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

test("gives back after the idle time when nobody waits", async () => {
  const run = stage(60_000);
  run.idle.watch(true);
  await run.pass(59_000);
  expect(run.rests).toEqual([]);
  await run.pass(3_000);
  expect(run.rests).toHaveLength(1);
  await run.pass(120_000);
  expect(run.rests).toHaveLength(1);
});

test("gives back after a short grace when somebody waits, also when he comes later", async () => {
  const run = stage(60_000);
  run.others = true;
  run.idle.watch(true);
  await run.pass(4_500);
  expect(run.rests).toEqual([]);
  await run.pass(1_000);
  expect(run.rests).toHaveLength(1);

  const later = stage(60_000);
  later.idle.watch(true);
  await later.pass(20_000);
  later.others = true;
  await later.pass(2_000);
  expect(later.rests).toHaveLength(1);
});

test("whoever asks in time keeps what there is, and the time begins anew", async () => {
  const run = stage(10_000);
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

test("an idle time that is shorter than the grace counts", async () => {
  const run = stage(1_000);
  run.idle.watch(true);
  await run.pass(1_500);
  expect(run.rests).toHaveLength(1);
});
