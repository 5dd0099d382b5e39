import { expect, onTestFinished, test } from "vitest";
import { manualClock } from "../../clock/manual-clock.test.kit.ts";
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
  const clock = manualClock();
  const over = new AbortController();
  onTestFinished(() => over.abort());
  const made = {
    rests: [] as number[],
    others: false,
    async pass(ms: number) {
      for (let passed = 0; passed < ms; passed += 100) {
        clock.advance(100);
        await new Promise((resolve) => setImmediate(resolve));
      }
    },
  };
  const idle = whenIdle({
    clock,
    idleMs,
    signal: over.signal,
    othersWait: async () => made.others,
    rest: async () => void made.rests.push(clock.monotonic()),
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
