import { expect, test } from "vitest";
import { closestFirst, probableName } from "./closest-name.ts";

const VERBS = ["init", "doctor", "up", "rollback", "ssh", "exec", "logs", "destroy"];

test.each([
  ["destory", "destroy"],
  ["shh", "ssh"],
  ["roll", "rollback"],
  ["log", "logs"],
  ["exce", "exec"],
])("%s is closest to %s", (typed, meant) => {
  expect(closestFirst(typed, VERBS)[0]).toBe(meant);
});

test("returns all names for any input", () => {
  for (const typed of ["", "zzzzzzzzzzzzzzzz", "🙂"])
    expect(closestFirst(typed, VERBS).toSorted()).toEqual(VERBS.toSorted());
});

test.each([
  ["timeOut", "timeout"],
  ["timeoutMs", "timeout"],
  ["time", "timeout"],
  ["intervall", "interval"],
  ["on-progress", "onProgress"],
  ["recurse", "recursive"],
  ["mdoe", "mode"],
  ["cmd", "cwd"],
  ["retries", undefined],
  ["", undefined],
])("%j probably means %s", (typed, meant) => {
  const names = ["timeout", "interval", "onProgress", "recursive", "cwd", "mode"];
  expect(probableName(typed, names)).toBe(meant);
});
