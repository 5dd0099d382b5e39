import { expect, test } from "vitest";
import type { Clock } from "../clock/clock.ts";
import { VmrigError } from "../errors/vmrig-error.ts";
import { waitFor, type Observation } from "./wait-for.ts";

/**
 * A clock whose time passes only while all code sleeps: it wakes the next sleeper as soon as the
 * event loop is idle.
 */
function quickClock(): Clock & { sleeps(): readonly number[] } {
  let now = 1_000;
  const sleepers: { readonly at: number; readonly wake: () => void }[] = [];
  const asked: number[] = [];
  let ticking = false;
  const tick = (): void => {
    ticking = false;
    const next = sleepers.toSorted((one, other) => one.at - other.at)[0];
    if (next === undefined) return;
    sleepers.splice(sleepers.indexOf(next), 1);
    now = Math.max(now, next.at);
    next.wake();
    schedule();
  };
  const schedule = (): void => {
    if (!ticking) setImmediate(tick);
    ticking = true;
  };
  return {
    sleeps: () => asked,
    wall: () => now,
    monotonic: () => now,
    sleep: (ms, signal) =>
      new Promise((resolve, reject) => {
        if (signal?.aborted === true) return reject(signal.reason);
        asked.push(ms);
        const awake = new AbortController();
        const wake = (): void => {
          awake.abort();
          resolve();
        };
        const sleeper = { at: now + ms, wake };
        const stop = (): void => {
          sleepers.splice(sleepers.indexOf(sleeper), 1);
          reject(signal?.reason);
        };
        sleepers.push(sleeper);
        signal?.addEventListener("abort", stop, { once: true, signal: awake.signal });
        schedule();
      }),
  };
}

const never = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));

test("returns the value of the first probe that has one", async () => {
  const clock = quickClock();
  let probes = 0;
  const probe = async (): Promise<Observation<string>> =>
    ++probes === 4 ? { value: "there" } : { seen: "nothing" };
  await expect(
    waitFor({ what: "it", timeoutMs: 10_000, intervalMs: 250, clock, probe }),
  ).resolves.toBe("there");
  expect([probes, clock.monotonic()]).toEqual([4, 1_750]);
});

test("the pause can depend on what was observed", async () => {
  const clock = quickClock();
  let pauseMs = 1_000;
  const probe = async (): Promise<Observation<true>> => {
    pauseMs *= 2;
    return clock.monotonic() > 10_000 ? { value: true } : { seen: "nothing" };
  };
  await waitFor({ what: "it", timeoutMs: 60_000, intervalMs: () => pauseMs, clock, probe });
  expect(clock.sleeps().filter((ms) => ms < 60_000)).toEqual([2_000, 4_000, 8_000]);
});

test("accepts undefined as a value", async () => {
  await expect(
    waitFor({ what: "it", timeoutMs: 10, probe: async () => ({ value: undefined }) }),
  ).resolves.toBeUndefined();
});

test("reports at the deadline the awaited thing, the object, the measured wait and the last observation", async () => {
  const clock = quickClock();
  let probes = 0;
  const waiting = waitFor({
    what: "port 5432",
    on: "pc1",
    timeoutMs: 60_000,
    intervalMs: 1_000,
    clock,
    hint: "look at its journal",
    probe: async () => ({ seen: `connection refused ${++probes} times` }),
  });
  await expect(waiting).rejects.toMatchObject({
    code: "WAIT_TIMEOUT",
    message:
      "Waited 60.0 s for port 5432 on pc1; last seen: connection refused 60 times.\nhint: look at its journal",
  });
});

test("uses the given error code, and omits an object and a hint that are not given", async () => {
  const waiting = waitFor({
    what: "it",
    timeoutMs: 100,
    clock: quickClock(),
    code: "QEMU_FAILED",
    probe: async () => ({ seen: "nothing" }),
  });
  await expect(waiting).rejects.toMatchObject({
    code: "QEMU_FAILED",
    message: "Waited 0.1 s for it; last seen: nothing.",
    hint: undefined,
  });
});

test("probes once even with a timeout of 0", async () => {
  await expect(
    waitFor({ what: "it", timeoutMs: 0, clock: quickClock(), probe: async () => ({ value: 1 }) }),
  ).resolves.toBe(1);
});

test("does not probe again after the deadline, not even when the deadline cuts a pause short", async () => {
  const clock = quickClock();
  const probes: { readonly at: number; readonly late: boolean }[] = [];
  const probe = async (signal: AbortSignal): Promise<Observation<never>> => {
    probes.push({ at: clock.monotonic() - 1_000, late: signal.aborted });
    return { seen: "nothing" };
  };
  await expect(
    waitFor({ what: "it", timeoutMs: 1_000, intervalMs: 400, clock, probe }),
  ).rejects.toThrow("Waited 1.0 s");
  expect(probes).toEqual([0, 400, 800].map((at) => ({ at, late: false })));
});

test("rethrows an error of the probe immediately and unchanged", async () => {
  const clock = quickClock();
  const fatal = new VmrigError("HOST_KEY_MISMATCH", { message: "another machine" });
  let probes = 0;
  const probe = async (): Promise<Observation<never>> => {
    if (++probes === 2) throw fatal;
    return { seen: "nothing" };
  };
  await expect(waitFor({ what: "it", timeoutMs: 60_000, clock, probe })).rejects.toBe(fatal);
  expect(clock.monotonic()).toBe(1_100);
});

test("rethrows an error of a probe that throws synchronously", async () => {
  const fatal = new Error("immediately");
  const probe = (): Promise<Observation<never>> => {
    throw fatal;
  };
  await expect(waitFor({ what: "it", timeoutMs: 60_000, probe })).rejects.toBe(fatal);
});

test("throws the reason of its signal, when the signal aborts in the middle of a pause", async () => {
  const abort = new AbortController();
  const reason = new Error("enough");
  let probes = 0;
  const probe = async (): Promise<Observation<never>> => {
    probes += 1;
    setImmediate(() => abort.abort(reason));
    return { seen: "nothing" };
  };
  // Uses the system clock: with an hour's pause, the test passes only when the abort ends the
  // pause.
  await expect(
    waitFor({
      what: "it",
      timeoutMs: 7_200_000,
      intervalMs: 3_600_000,
      signal: abort.signal,
      probe,
    }),
  ).rejects.toBe(reason);
  expect(probes).toBe(1);
});

test("does not probe when the signal has already aborted", async () => {
  let probes = 0;
  const waiting = waitFor({
    what: "it",
    timeoutMs: 1_000,
    signal: AbortSignal.abort("gone"),
    probe: async () => ({ seen: String(++probes) }),
  });
  await expect(waiting).rejects.toBe("gone");
  expect(probes).toBe(0);
});

test("throws the signal's reason, not the error that the probe throws because of it", async () => {
  const abort = new AbortController();
  const reason = new Error("enough");
  const waiting = waitFor({
    what: "it",
    timeoutMs: 60_000,
    signal: abort.signal,
    probe: async (signal) => {
      setImmediate(() => abort.abort(reason));
      return never(signal).catch(() => Promise.reject(new Error("socket hang up")));
    },
  });
  await expect(waiting).rejects.toBe(reason);
});

test("aborts the signal of a hanging probe at the deadline", async () => {
  const waiting = waitFor({ what: "it", timeoutMs: 30_000, clock: quickClock(), probe: never });
  await expect(waiting).rejects.toMatchObject({
    code: "WAIT_TIMEOUT",
    message: "Waited 30.0 s for it; last seen: nothing yet.",
  });
});

test("keeps the last complete observation when the deadline cuts a probe short", async () => {
  let probes = 0;
  const probe = async (signal: AbortSignal): Promise<Observation<never>> => {
    if (++probes === 1) return { seen: "connection refused" };
    return never(signal).catch(() => ({ seen: "it was cut short" }));
  };
  await expect(
    waitFor({ what: "it", timeoutMs: 1_000, clock: quickClock(), probe }),
  ).rejects.toThrow("last seen: connection refused.");
});

test("uses the observation of a probe that the deadline cut short when there is no earlier one", async () => {
  const probe = (signal: AbortSignal): Promise<Observation<never>> =>
    never(signal).catch(() => ({ seen: "it still ran" }));
  await expect(
    waitFor({ what: "it", timeoutMs: 1_000, clock: quickClock(), probe }),
  ).rejects.toThrow("last seen: it still ran.");
});

test("keeps an error that the probe throws at the deadline as the cause", async () => {
  const cause = new Error("socket hang up\nwith a second line");
  const probe = (signal: AbortSignal): Promise<Observation<never>> =>
    never(signal).catch(() => Promise.reject(cause));
  await expect(
    waitFor({ what: "it", timeoutMs: 1_000, clock: quickClock(), probe }),
  ).rejects.toMatchObject({
    message: "Waited 1.0 s for it; last seen: Error: socket hang up.",
    cause,
  });
});

test("accepts a value that the probe returns while it cleans up after the deadline", async () => {
  const probe = (signal: AbortSignal): Promise<Observation<string>> =>
    never(signal).catch(() => ({ value: "just so" }));
  await expect(waitFor({ what: "it", timeoutMs: 1_000, clock: quickClock(), probe })).resolves.toBe(
    "just so",
  );
});

test("abandons a probe that ignores its signal", async () => {
  const clock = quickClock();
  await expect(
    waitFor({ what: "it", timeoutMs: 1_000, clock, probe: () => new Promise(() => {}) }),
  ).rejects.toThrow("Waited 4.0 s for it; last seen: nothing yet.");
});

test("an infinite timeout waits for weeks, not for a millisecond", async () => {
  const clock = quickClock();
  let probes = 0;
  const probe = async (): Promise<Observation<true>> =>
    ++probes === 3 ? { value: true } : { seen: "nothing" };
  await expect(
    waitFor({ what: "it", timeoutMs: Number.POSITIVE_INFINITY, clock, probe }),
  ).resolves.toBe(true);
  expect(Math.max(...clock.sleeps())).toBe(2 ** 31 - 1);
});

test("leaves no timer and no listener behind", async () => {
  const clock = quickClock();
  const abort = new AbortController();
  await waitFor({
    what: "it",
    timeoutMs: 60_000,
    clock,
    signal: abort.signal,
    probe: async () => ({ value: 1 }),
  });
  await new Promise(setImmediate);
  await new Promise(setImmediate);
  expect(clock.monotonic()).toBe(1_000);
});
