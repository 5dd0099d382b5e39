import { expect, test } from "vitest";
import { changedValues } from "./changed-values.ts";

const change = {
  actions: ["update"],
  before_sensitive: {},
  after_sensitive: {},
  after_unknown: {},
};

test("lists nested values that differ and omits values that do not", () => {
  expect(
    changedValues(
      {
        ...change,
        before: { a: { b: 1, c: { d: "x" } } },
        after: { a: { b: 1, c: { d: "y", e: true } } },
      },
      [["a"]],
    ),
  ).toEqual([
    { name: "a.c.d", before: '"x"', after: '"y"' },
    { name: "a.c.e", before: "nothing", after: "true" },
  ]);
});

test("hides a sensitive value, and marks a value that is known only after apply", () => {
  expect(
    changedValues(
      {
        ...change,
        before: { key: "s3cret", ip: "1" },
        after: { key: "0ther" },
        before_sensitive: { key: true },
        after_sensitive: { key: true },
        after_unknown: { ip: true },
      },
      [["key"], ["ip"]],
    ),
  ).toEqual([
    { name: "key", before: "(sensitive)", after: "(sensitive)" },
    { name: "ip", before: '"1"', after: "(known after apply)" },
  ]);
});

test("hides all values below a sensitive value", () => {
  const [value] = changedValues(
    {
      ...change,
      before: { a: { b: 1 } },
      after: { a: { b: 2 } },
      before_sensitive: { a: true },
      after_sensitive: { a: true },
    },
    [["a"]],
  );

  expect(value).toEqual({ name: "a.b", before: "(sensitive)", after: "(sensitive)" });
});

test("truncates a long value", () => {
  const [value] = changedValues(
    { ...change, before: { user_data: "x".repeat(5000) }, after: { user_data: "" } },
    [["user_data"]],
  );

  expect(value?.before).toHaveLength(80);
});
