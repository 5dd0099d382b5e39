import { expect, test } from "vitest";
import type { Clock } from "../clock/clock.ts";
import { VmrigError } from "../errors/vmrig-error.ts";
import { waitFor, type Observation } from "./wait-for.ts";

/**
 * Time that passes only when everybody sleeps: the next sleeper is woken as soon as nothing else is
 * left to do.
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

test("answers with the value of the first look that has one", async () => {
  const clock = quickClock();
  let looks = 0;
  const probe = async (): Promise<Observation<string>> =>
    ++looks === 4 ? { value: "there" } : { seen: "nobody" };
  await expect(
    waitFor({ what: "it", timeoutMs: 10_000, intervalMs: 250, clock, probe }),
  ).resolves.toBe("there");
  expect([looks, clock.monotonic()]).toEqual([4, 1_750]);
});

test("a value that is undefined is a value", async () => {
  await expect(
    waitFor({ what: "it", timeoutMs: 10, probe: async () => ({ value: undefined }) }),
  ).resolves.toBeUndefined();
});

test("says at its deadline what was waited for, where, how long, and what was seen last", async () => {
  const clock = quickClock();
  let looks = 0;
  const waiting = waitFor({
    what: "port 5432",
    on: "pc1",
    timeoutMs: 60_000,
    intervalMs: 1_000,
    clock,
    hint: "look at its journal",
    probe: async () => ({ seen: `connection refused ${++looks} times` }),
  });
  await expect(waiting).rejects.toMatchObject({
    code: "WAIT_TIMEOUT",
    message:
      "Waited 60.0 s for port 5432 on pc1; last seen: connection refused 60 times.\nhint: look at its journal",
  });
});

test("takes the code that it is given, and leaves out what it does not know", async () => {
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

test("looks once even without any time", async () => {
  await expect(
    waitFor({ what: "it", timeoutMs: 0, clock: quickClock(), probe: async () => ({ value: 1 }) }),
  ).resolves.toBe(1);
});

test("does not look again after the deadline, not even for the rest of a pause", async () => {
  const clock = quickClock();
  const looks: { readonly at: number; readonly late: boolean }[] = [];
  const probe = async (signal: AbortSignal): Promise<Observation<never>> => {
    looks.push({ at: clock.monotonic() - 1_000, late: signal.aborted });
    return { seen: "nobody" };
  };
  await expect(
    waitFor({ what: "it", timeoutMs: 1_000, intervalMs: 400, clock, probe }),
  ).rejects.toThrow("Waited 1.0 s");
  expect(looks).toEqual([0, 400, 800].map((at) => ({ at, late: false })));
});

test("throws what the probe throws, at once and as it is", async () => {
  const clock = quickClock();
  const fatal = new VmrigError("HOST_KEY_MISMATCH", { message: "another machine" });
  let looks = 0;
  const probe = async (): Promise<Observation<never>> => {
    if (++looks === 2) throw fatal;
    return { seen: "nobody" };
  };
  await expect(waitFor({ what: "it", timeoutMs: 60_000, clock, probe })).rejects.toBe(fatal);
  expect(clock.monotonic()).toBe(1_100);
});

test("throws what a probe throws that is no async function", async () => {
  const fatal = new Error("at once");
  const probe = (): Promise<Observation<never>> => {
    throw fatal;
  };
  await expect(waitFor({ what: "it", timeoutMs: 60_000, probe })).rejects.toBe(fatal);
});

test("throws the reason of its signal, from the middle of a pause", async () => {
  const abort = new AbortController();
  const reason = new Error("enough");
  let looks = 0;
  const probe = async (): Promise<Observation<never>> => {
    looks += 1;
    setImmediate(() => abort.abort(reason));
    return { seen: "nobody" };
  };
  // The system's clock: an hour would be too long for this test.
  await expect(
    waitFor({
      what: "it",
      timeoutMs: 7_200_000,
      intervalMs: 3_600_000,
      signal: abort.signal,
      probe,
    }),
  ).rejects.toBe(reason);
  expect(looks).toBe(1);
});

test("does not look at all when its signal has aborted before", async () => {
  let looks = 0;
  const waiting = waitFor({
    what: "it",
    timeoutMs: 1_000,
    signal: AbortSignal.abort("gone"),
    probe: async () => ({ seen: String(++looks) }),
  });
  await expect(waiting).rejects.toBe("gone");
  expect(looks).toBe(0);
});

test("throws the signal's reason, not what the probe makes of it", async () => {
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

test("ends a probe that hangs until its signal aborts", async () => {
  const waiting = waitFor({ what: "it", timeoutMs: 30_000, clock: quickClock(), probe: never });
  await expect(waiting).rejects.toMatchObject({
    code: "WAIT_TIMEOUT",
    message: "Waited 30.0 s for it; last seen: nothing yet.",
  });
});

test("keeps the last real observation when the deadline cuts a look short", async () => {
  let looks = 0;
  const probe = async (signal: AbortSignal): Promise<Observation<never>> => {
    if (++looks === 1) return { seen: "connection refused" };
    return never(signal).catch(() => ({ seen: "it was cut short" }));
  };
  await expect(
    waitFor({ what: "it", timeoutMs: 1_000, clock: quickClock(), probe }),
  ).rejects.toThrow("last seen: connection refused.");
});

test("takes what a look saw that the deadline cut short when there was none before it", async () => {
  const probe = (signal: AbortSignal): Promise<Observation<never>> =>
    never(signal).catch(() => ({ seen: "it still ran" }));
  await expect(
    waitFor({ what: "it", timeoutMs: 1_000, clock: quickClock(), probe }),
  ).rejects.toThrow("last seen: it still ran.");
});

test("keeps what a probe threw at its deadline as the cause", async () => {
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

test("takes a value that comes while the probe cleans up after the deadline", async () => {
  const probe = (signal: AbortSignal): Promise<Observation<string>> =>
    never(signal).catch(() => ({ value: "just so" }));
  await expect(waitFor({ what: "it", timeoutMs: 1_000, clock: quickClock(), probe })).resolves.toBe(
    "just so",
  );
});

test("leaves a probe alone that does not listen to its signal", async () => {
  const clock = quickClock();
  await expect(
    waitFor({ what: "it", timeoutMs: 1_000, clock, probe: () => new Promise(() => {}) }),
  ).rejects.toThrow("Waited 4.0 s for it; last seen: nothing yet.");
});

test("a wait without end is one of weeks, not one of a millisecond", async () => {
  const clock = quickClock();
  let looks = 0;
  const probe = async (): Promise<Observation<true>> =>
    ++looks === 3 ? { value: true } : { seen: "nobody" };
  await expect(
    waitFor({ what: "it", timeoutMs: Number.POSITIVE_INFINITY, clock, probe }),
  ).resolves.toBe(true);
  expect(Math.max(...clock.sleeps())).toBe(2 ** 31 - 1);
});

test("leaves nothing behind that keeps the process or the signal busy", async () => {
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
