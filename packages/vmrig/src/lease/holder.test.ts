import { expect, test } from "vitest";
import { decodeHolder, describeHolder, encodeHolder } from "./holder.ts";

const alice = { who: "alice", host: "laptop", command: "vitest run x", session: "s1" };

test("a holder survives encoding and decoding", () => {
  expect(decodeHolder(encodeHolder(alice))).toEqual(alice);
});

test("a holder is shown as user@host with its command", () => {
  expect(describeHolder(alice)).toBe("alice@laptop (vitest run x)");
  expect(describeHolder({ ...alice, command: "" })).toBe("alice@laptop");
});

test.each(["", "null", "[]", "7", "{", '{"who":7}'])("%j is a holder without a name", (text) => {
  expect(decodeHolder(text)).toEqual({ who: "unknown", host: "unknown", command: "", session: "" });
});

test("text of another process cannot move the cursor, reorder text or flood the screen", () => {
  const hostile = decodeHolder(
    JSON.stringify({ ...alice, who: "a\u001B[2J\r\nb\u202Ec\u0085", command: "x".repeat(10_000) }),
  );
  expect(hostile.who).toBe("a [2J b c");
  expect(hostile.command).toHaveLength(200);
});

test("passwords on a command line are redacted", () => {
  expect(
    encodeHolder({ ...alice, command: "vitest --db postgres://u:hunter2@db DB_PASSWORD=hunter2" }),
  ).not.toContain("hunter2");
});
