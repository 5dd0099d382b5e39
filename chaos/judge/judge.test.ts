import { expect, test } from "vitest";
import { parseRow, type Row } from "../witness.ts";
import { judge } from "./judge.ts";
import { waits } from "./fairness.ts";
import type { Struck } from "./violation.ts";

const BOUNDS = { copies: ["c-1"], withinMs: 5_000, endedAt: 100_000, overtakings: 1 };

/**
 * One command on pc1, or on the machine that is named: what it says at its beginning, in the
 * middle, and at its end.
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

function deed(
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
): Row {
  return parseRow(
    [kind, at, by, visit, "c-1", machine, fence, nonce, found, remains, seen].join(" "),
  );
}

function command(options: Command): Row[] {
  return ["begin", "tick", "end"].map((kind) => deed(kind, options));
}

function word(kind: "ask" | "line" | "out", session: string): Row {
  return parseRow(`${kind} 0 ${session}`);
}

function promisesBroken(rows: readonly Row[], faults: readonly Struck[] = []): string[] {
  return judge({ rows, faults, bounds: BOUNDS }).map(({ promise }) => promise);
}

test("has nothing against holders who follow one another, each on clean machines", () => {
  const rows = [
    ...command({ by: "a", fence: 1 }),
    ...command({ by: "a", fence: 1, machine: "pc2" }),
    ...command({ by: "a", fence: 1, remains: "1/n1" }),
    ...command({ by: "b", fence: 2 }),
    // A rollback in the middle, and its next visit.
    ...command({ by: "b", fence: 2, nonce: "n2b" }),
    deed("late", { by: "b", fence: 2 }),
    ...command({ by: "b", fence: 2, visit: "2", nonce: "n2c" }),
  ];
  expect(judge({ rows, faults: [], bounds: BOUNDS })).toEqual([]);
});

test("has nothing against an ex-holder who rolls back and logs in before anybody else comes; what he leaves behind is his still", () => {
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

test("sees commands of two holders that interleave on a machine", () => {
  const a = command({ by: "a", fence: 1 });
  const b = command({ by: "b", fence: 2 });
  expect(
    promisesBroken([...a.slice(0, 2), ...b.slice(0, 1), ...a.slice(2), ...b.slice(1)]),
  ).toContain("exclusive");
});

test("sees two visits of one run that interleave, or share a rollback", () => {
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

test("sees them on two machines of one copy", () => {
  const a = command({ by: "a", fence: 1, machine: "pc2" });
  expect(
    promisesBroken([...a.slice(0, 1), ...command({ by: "b", fence: 2 }), ...a.slice(1)]),
  ).toContain("exclusive");
});

test("sees two holders who share a fence", () => {
  expect(
    promisesBroken([
      ...command({ by: "a", fence: 1 }),
      ...command({ by: "b", fence: 1, nonce: "m" }),
    ]),
  ).toEqual(["fenced", "fenced", "fenced"]);
});

test("sees an older fence that is accepted after a newer one", () => {
  expect(
    promisesBroken([...command({ by: "b", fence: 2 }), ...command({ by: "a", fence: 1 })]),
  ).toEqual(["fenced", "fenced", "fenced"]);
});

test("sees a fence that the machine never was shown", () => {
  expect(promisesBroken([deed("begin", { by: "a", fence: 9, seen: 8 })])).toEqual(["fenced"]);
});

test("sees what the last holder left behind", () => {
  expect(
    promisesBroken([
      ...command({ by: "a", fence: 1 }),
      ...command({ by: "b", fence: 2, remains: "1/n1" }),
    ]),
  ).toEqual(["clean"]);
});

test("sees a machine without a proof, or with that of another rollback", () => {
  expect(promisesBroken(command({ by: "a", fence: 1, found: "-" }))).toEqual(["clean"]);
  expect(
    promisesBroken([
      ...command({ by: "a", fence: 1 }),
      ...command({ by: "b", fence: 2, nonce: "n1" }),
    ]),
  ).toEqual(["clean"]);
});

test("sees a rollback under the feet of the holder", () => {
  expect(
    promisesBroken([...command({ by: "a", fence: 1 }), ...command({ by: "a", fence: 1 })]),
  ).toEqual(["clean"]);
});

test("takes remains that did not fit on a full disk for those of the same visit only", () => {
  expect(
    promisesBroken([
      ...command({ by: "a", fence: 1 }),
      ...command({ by: "a", fence: 1, remains: "empty" }),
    ]),
  ).toEqual([]);
  expect(promisesBroken(command({ by: "a", fence: 1, remains: "empty" }))).toEqual(["clean"]);
});

test("takes a command that was cut off before it did anything for none", () => {
  expect(
    promisesBroken([deed("begin", { by: "a", fence: 1 }), ...command({ by: "a", fence: 1 })]),
  ).toEqual([]);
});

test("sees a copy that stays silent after a fault, but not one that nobody wanted any more", () => {
  const fault = { kind: "gate-kill", target: "a", sessions: ["a"], from: 1_000, to: 1_000 };
  const rows = command({ by: "a", fence: 1, at: 900 });
  const back = command({ by: "b", fence: 2, at: 5_900 });
  expect(promisesBroken(rows, [fault])).toEqual(["frees itself"]);
  expect(promisesBroken([...rows, ...back], [fault])).toEqual([]);
  expect(promisesBroken(rows, [{ ...fault, to: 99_000 }])).toEqual([]);
});

/** `b` stands in line; `c` and `d` come later and are granted the copy earlier. */
const OVERTAKEN = [
  word("ask", "b"),
  word("line", "b"),
  word("ask", "c"),
  ...command({ by: "c", fence: 1 }),
  word("ask", "d"),
  ...command({ by: "d", fence: 2 }),
  ...command({ by: "b", fence: 3, at: 50 }),
];

test("sees who is overtaken in line", () => {
  expect(waits(OVERTAKEN)).toEqual([{ session: "b", from: 0, to: 50, overtaken: 2 }]);
  expect(promisesBroken(OVERTAKEN)).toEqual(["fair"]);
});

test("sees who stands in line for ever", () => {
  const rows = OVERTAKEN.filter((row) => !("fence" in row && row.session === "b"));
  expect(promisesBroken(rows)).toEqual(["fair"]);
  expect(promisesBroken([...rows, word("out", "b")])).toEqual([]);
});

test("owes nothing to a waiter that was hit itself", () => {
  expect(
    promisesBroken(OVERTAKEN, [
      { kind: "gate-pause", target: "b", sessions: ["b"], from: 10, to: 99_999 },
    ]),
  ).toEqual([]);
});

test("does not count those who came first, or were granted the copy later", () => {
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
    deed("begin", { by: "b", fence: 1 }),
  ];
  expect([waits(rows), waits(slow)].flat().map(({ overtaken }) => overtaken)).toEqual([0, 0]);
});
