import { expect, test } from "vitest";
import type { Clock } from "../clock/clock.ts";
import { createReplyDeadlines } from "./reply-deadlines.ts";

/** A clock that advances only in `go()`. */
function handClock(): Clock & { readonly sleepers: () => number; go(ms: number): Promise<void> } {
  let now = 0;
  let sleepers: Array<{ readonly until: number; readonly wake: () => void }> = [];
  return {
    wall: () => now,
    monotonic: () => now,
    sleep: (ms, signal) =>
      new Promise((resolve, reject) => {
        sleepers.push({ until: now + ms, wake: resolve });
        signal?.addEventListener("abort", () => reject(signal.reason as Error));
      }),
    sleepers: () => sleepers.length,
    async go(ms) {
      now += ms;
      const due = sleepers.filter(({ until }) => until <= now);
      sleepers = sleepers.filter(({ until }) => until > now);
      for (const { wake } of due) wake();
      await new Promise((resolve) => setImmediate(resolve));
    },
  };
}

test("each request has its own deadline, and all share one timer", async () => {
  const clock = handClock();
  const answers = createReplyDeadlines(clock, 100, new AbortController().signal);
  const late: string[] = [];
  answers.expect(() => late.push("first"));
  await clock.go(40);
  const answered = answers.expect(() => late.push("answered"));
  answers.expect(() => late.push("third"));
  answered();
  expect(clock.sleepers()).toBe(1);
  await clock.go(60);
  expect(late).toEqual(["first"]);
  await clock.go(39);
  expect(late).toEqual(["first"]);
  await clock.go(1);
  expect(late).toEqual(["first", "third"]);
  expect(clock.sleepers()).toBe(0);
  answers.expect(() => late.push("fourth"));
  await clock.go(100);
  expect(late.at(-1)).toBe("fourth");
});

test("the end of the connection stops the deadlines, because callers learn of it through the connection", async () => {
  const clock = handClock();
  const closed = new AbortController();
  const late: string[] = [];
  createReplyDeadlines(clock, 100, closed.signal).expect(() => late.push("first"));
  closed.abort();
  await clock.go(1000);
  expect(late).toEqual([]);
});
