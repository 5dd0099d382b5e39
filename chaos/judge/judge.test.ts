import { expect, test } from "vitest";
import { parseEvent, type ChaosEvent } from "../event-log.ts";
import { judge } from "./judge.ts";
import { waits } from "./fairness.ts";
import type { AppliedFault } from "./violation.ts";

const BOUNDS = { copies: ["c-1"], withinMs: 5_000, endedAt: 100_000, overtakings: 1 };

/**
 * Rows of one command on pc1 or the named machine: at its beginning, in the middle, and at its end.
 */
interface Command {
  readonly by: string;
  readonly fence: number;
  readonly visit?: string;
  readonly machine?: string;
  readonly nonce?: string;
  readonly found?: string;
  readonly remains?: string;
  readonly seen?: number;
  readonly at?: number;
}

function event(
  kind: string,
  {
    by,
    fence,
    visit = "1",
    machine = "pc1",
    nonce = `n${fence}`,
    found = nonce,
    remains = "-",
    seen = fence,
    at = 0,
  }: Command,
): ChaosEvent {
  return parseEvent(
    [kind, at, by, visit, "c-1", machine, fence, nonce, found, remains, seen].join(" "),
  );
}

function command(options: Command): ChaosEvent[] {
  return ["begin", "tick", "end"].map((kind) => event(kind, options));
}

function word(kind: "ask" | "line" | "out", session: string): ChaosEvent {
  return parseEvent(`${kind} 0 ${session}`);
}

function promisesBroken(
  rows: readonly ChaosEvent[],
  faults: readonly AppliedFault[] = [],
): string[] {
  return judge({ rows, faults, bounds: BOUNDS }).map(({ promise }) => promise);
}

test("accepts holders that follow one another, each on clean machines", () => {
  const rows = [
    ...command({ by: "a", fence: 1 }),
    ...command({ by: "a", fence: 1, machine: "pc2" }),
    ...command({ by: "a", fence: 1, remains: "1/n1" }),
    ...command({ by: "b", fence: 2 }),
    // A rollback in the middle, and the next visit.
    ...command({ by: "b", fence: 2, nonce: "n2b" }),
    event("late", { by: "b", fence: 2 }),
    ...command({ by: "b", fence: 2, visit: "2", nonce: "n2c" }),
  ];
  expect(judge({ rows, faults: [], bounds: BOUNDS })).toEqual([]);
});

test("accepts an ex-holder that rolls back and logs in before the next holder; its remains count as its own", () => {
  const left = [
    ...command({ by: "a", fence: 1 }),
    ...command({ by: "a", fence: 1, nonce: "-", found: "-" }),
  ];
  expect(promisesBroken([...left, ...command({ by: "b", fence: 2 })])).toEqual([]);
  expect(promisesBroken([...left, ...command({ by: "b", fence: 2, remains: "1/-" })])).toEqual([
    "clean",
  ]);
  expect(promisesBroken([...left, ...command({ by: "a", fence: 1, found: "-" })])).toEqual([
    "clean",
    "clean",
  ]);
});

test("detects commands of two holders that interleave on a machine", () => {
  const a = command({ by: "a", fence: 1 });
  const b = command({ by: "b", fence: 2 });
  expect(
    promisesBroken([...a.slice(0, 2), ...b.slice(0, 1), ...a.slice(2), ...b.slice(1)]),
  ).toContain("exclusive");
});

test("detects two visits of one run that interleave or share a rollback", () => {
  const [first, second] = [
    command({ by: "a", fence: 1 }),
    command({ by: "a", fence: 1, visit: "2", nonce: "m" }),
  ];
  expect(
    promisesBroken([...first.slice(0, 1), ...second.slice(0, 1), ...first.slice(1)]),
  ).toContain("exclusive");
  expect(
    promisesBroken([
      ...command({ by: "a", fence: 1 }),
      ...command({ by: "a", fence: 1, visit: "2" }),
    ]),
  ).toEqual(["clean"]);
});

test("detects interleaving on two machines of one copy", () => {
  const a = command({ by: "a", fence: 1, machine: "pc2" });
  expect(
    promisesBroken([...a.slice(0, 1), ...command({ by: "b", fence: 2 }), ...a.slice(1)]),
  ).toContain("exclusive");
});

test("detects two holders that share a fence", () => {
  expect(
    promisesBroken([
      ...command({ by: "a", fence: 1 }),
      ...command({ by: "b", fence: 1, nonce: "m" }),
    ]),
  ).toEqual(["fenced", "fenced", "fenced"]);
});

test("detects an older fence that is accepted after a newer one", () => {
  expect(
    promisesBroken([...command({ by: "b", fence: 2 }), ...command({ by: "a", fence: 1 })]),
  ).toEqual(["fenced", "fenced", "fenced"]);
});

test("detects a fence that the machine was never shown", () => {
  expect(promisesBroken([event("begin", { by: "a", fence: 9, seen: 8 })])).toEqual(["fenced"]);
});

test("detects remains of the previous holder", () => {
  expect(
    promisesBroken([
      ...command({ by: "a", fence: 1 }),
      ...command({ by: "b", fence: 2, remains: "1/n1" }),
    ]),
  ).toEqual(["clean"]);
});

test("detects a machine without a proof, or with the proof of another rollback", () => {
  expect(promisesBroken(command({ by: "a", fence: 1, found: "-" }))).toEqual(["clean"]);
  expect(
    promisesBroken([
      ...command({ by: "a", fence: 1 }),
      ...command({ by: "b", fence: 2, nonce: "n1" }),
    ]),
  ).toEqual(["clean"]);
});

test("detects a rollback under the holder", () => {
  expect(
    promisesBroken([...command({ by: "a", fence: 1 }), ...command({ by: "a", fence: 1 })]),
  ).toEqual(["clean"]);
});

test("accepts empty remains of a full disk within the same visit only", () => {
  expect(
    promisesBroken([
      ...command({ by: "a", fence: 1 }),
      ...command({ by: "a", fence: 1, remains: "empty" }),
    ]),
  ).toEqual([]);
  expect(promisesBroken(command({ by: "a", fence: 1, remains: "empty" }))).toEqual(["clean"]);
});

test("ignores a command that was cut off before it did anything", () => {
  expect(
    promisesBroken([event("begin", { by: "a", fence: 1 }), ...command({ by: "a", fence: 1 })]),
  ).toEqual([]);
});

test("detects a copy that stays silent after a fault, but not a copy without waiting runs", () => {
  const fault = { kind: "gate-kill", target: "a", sessions: ["a"], from: 1_000, to: 1_000 };
  const rows = command({ by: "a", fence: 1, at: 900 });
  const back = command({ by: "b", fence: 2, at: 5_900 });
  expect(promisesBroken(rows, [fault])).toEqual(["frees itself"]);
  expect(promisesBroken([...rows, ...back], [fault])).toEqual([]);
  expect(promisesBroken(rows, [{ ...fault, to: 99_000 }])).toEqual([]);
});

/** `b` is in the queue; `c` and `d` come later and are granted the copy earlier. */
const OVERTAKEN = [
  word("ask", "b"),
  word("line", "b"),
  word("ask", "c"),
  ...command({ by: "c", fence: 1 }),
  word("ask", "d"),
  ...command({ by: "d", fence: 2 }),
  ...command({ by: "b", fence: 3, at: 50 }),
];

test("detects a run that is overtaken in the queue", () => {
  expect(waits(OVERTAKEN)).toEqual([{ session: "b", from: 0, to: 50, overtaken: 2 }]);
  expect(promisesBroken(OVERTAKEN)).toEqual(["fair"]);
});

test("detects a run that stays in the queue for ever", () => {
  const rows = OVERTAKEN.filter((row) => !("fence" in row && row.session === "b"));
  expect(promisesBroken(rows)).toEqual(["fair"]);
  expect(promisesBroken([...rows, word("out", "b")])).toEqual([]);
});

test("ignores a waiter that was hit by a fault", () => {
  expect(
    promisesBroken(OVERTAKEN, [
      { kind: "gate-pause", target: "b", sessions: ["b"], from: 10, to: 99_999 },
    ]),
  ).toEqual([]);
});

test("does not count runs that came first or were granted the copy later", () => {
  const rows = [
    word("ask", "c"),
    word("ask", "b"),
    word("line", "b"),
    ...command({ by: "c", fence: 1 }),
    ...command({ by: "b", fence: 2 }),
  ];
  const slow = [
    word("ask", "b"),
    word("line", "b"),
    word("ask", "c"),
    ...command({ by: "c", fence: 2 }),
    event("begin", { by: "b", fence: 1 }),
  ];
  expect([waits(rows), waits(slow)].flat().map(({ overtaken }) => overtaken)).toEqual([0, 0]);
});
