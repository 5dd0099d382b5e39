import { expect, test } from "vitest";
import { renderWaitingLine } from "./waiting-line.ts";

const line = {
  resource: "pcs-1",
  position: 2,
  waiting: 3,
  waitedMs: 1000,
  holder: { who: "alice", host: "laptop", command: "vitest run x", session: "s1" },
  heldForMs: 41_000,
};

test("the line tells who holds it, for how long, and our place", () => {
  expect(renderWaitingLine(line)).toBe("pcs-1 is held by alice@laptop (vitest run x) for 41 s; you are 2nd in line");
});

test("the first in line is next", () => {
  expect(renderWaitingLine({ ...line, position: 1 })).toMatch(/; you are next$/);
});

test("between two holders the lock is free for the next in line", () => {
  const { resource, position, waiting, waitedMs } = line;
  expect(renderWaitingLine({ resource, position, waiting, waitedMs })).toBe("pcs-1 is free for the next in line; you are 2nd in line");
});

test.each([
  [3, "3rd"],
  [4, "4th"],
  [11, "11th"],
  [12, "12th"],
  [21, "21st"],
])("place %d is the %s", (position, ordinal) => {
  expect(renderWaitingLine({ ...line, position })).toContain(`you are ${ordinal} in line`);
});
