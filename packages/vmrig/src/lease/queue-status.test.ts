import { expect, test } from "vitest";
import { pcs } from "./fixtures/rigs.ts";
import type { CurrentHolder } from "./current-holder.ts";
import { renderQueueStatus, type QueueStatus } from "./queue-status.ts";

const alice = { who: "alice", host: "laptop", command: "vitest run x", session: "s1" };
const bob = { who: "bob", host: "ci-3", command: "vitest run", session: "s2" };
const byAlice: CurrentHolder = {
  copy: "pcs-1",
  holder: alice,
  fence: 7,
  heldForMs: 41_000,
  expiresInMs: 20_000,
};
const byBob: CurrentHolder = {
  copy: "pcs-2",
  holder: bob,
  fence: 8,
  heldForMs: 180_000,
  expiresInMs: 20_000,
};

function line(
  copies: number,
  held: readonly CurrentHolder[],
  rest: Partial<QueueStatus> = {},
): QueueStatus {
  const request = pcs(copies);
  return {
    ...request,
    accept: request.copies,
    extra: false,
    position: 2,
    waiting: 3,
    waitedMs: 1000,
    held,
    ...rest,
  };
}

test("the status shows the holder, for how long, and the position of this waiter", () => {
  expect(renderQueueStatus(line(1, [byAlice]))).toBe(
    "pcs-1 is held by alice@laptop (vitest run x) for 41 s; you are 2nd in the queue",
  );
});

test("the first waiter is next", () => {
  expect(renderQueueStatus(line(1, [byAlice], { position: 1 }))).toMatch(/; you are next$/);
});

test("between two holders the lock is free for the next waiter", () => {
  expect(renderQueueStatus(line(1, []))).toBe(
    "pcs-1 is free for the next run in the queue; you are 2nd in the queue",
  );
});

test("the status of several copies shows the holder of each", () => {
  expect(renderQueueStatus(line(2, [byAlice, byBob]))).toBe(
    "both copies of pcs are held (alice@laptop (vitest run x) for 41 s, bob@ci-3 (vitest run) for 3 min); you are 2nd in the queue",
  );
});

test("some of several copies may be free for the next waiter", () => {
  expect(renderQueueStatus(line(2, [byBob]))).toBe(
    "1 of 2 copies of pcs is held (bob@ci-3 (vitest run) for 3 min), the other is free for the next run in the queue; you are 2nd in the queue",
  );
  expect(renderQueueStatus(line(2, []))).toBe(
    "both copies of pcs are free for the next run in the queue; you are 2nd in the queue",
  );
});

test("the status of a request for one copy shows only that copy", () => {
  expect(renderQueueStatus(line(3, [byBob], { accept: ["pcs-2"] }))).toBe(
    "pcs-2 is held by bob@ci-3 (vitest run) for 3 min; you are 2nd in the queue",
  );
});

test("the status of a request for some copies does not show the others", () => {
  expect(renderQueueStatus(line(3, [byAlice, byBob], { accept: ["pcs-1", "pcs-2"] }))).toMatch(
    /^both requested copies of pcs are held \(/,
  );
});

test("the status of a retained copy shows why and until when, without the command", () => {
  const retained: CurrentHolder = {
    ...byAlice,
    expiresInMs: 720_000,
    retained: { until: new Date(2026, 0, 2, 14, 32).getTime(), why: "after a failed run" },
  };
  expect(renderQueueStatus(line(1, [retained]))).toBe(
    "pcs-1 is retained by alice@laptop after a failed run for another 12 min (until 14:32); you are 2nd in the queue",
  );
  expect(renderQueueStatus(line(2, [retained, byBob]))).toContain(
    " held (retained by alice@laptop after a failed run for another 12 min (until 14:32), bob@ci-3 (vitest run) for 3 min)",
  );
});

test("after a restart without its data the status says why nothing is granted yet", () => {
  expect(
    renderQueueStatus(line(2, [], { position: 1, restarted: { agoMs: 4000, forMs: 27_000 } })),
  ).toBe(
    "Redis restarted 4.0 s ago without persistence, so vmrig grants no lease for another 27 s; you are next",
  );
});

test("a run that already has a copy waits for one more", () => {
  expect(renderQueueStatus(line(1, [byAlice], { extra: true }))).toMatch(
    /; you are 2nd in the queue, for one more copy$/,
  );
});

test.each([
  [3, "3rd"],
  [4, "4th"],
  [11, "11th"],
  [12, "12th"],
  [21, "21st"],
])("position %d is the %s", (position, ordinal) => {
  expect(renderQueueStatus(line(1, [byAlice], { position }))).toContain(
    `you are ${ordinal} in the queue`,
  );
});
