import { expect, test } from "vitest";
import { changedValues } from "./changed-values.ts";

const change = {
  actions: ["update"],
  before_sensitive: {},
  after_sensitive: {},
  after_unknown: {},
};

test("goes down to the values that differ, and leaves out those that do not", () => {
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

test("does not show what is sensitive, nor invent what is not known yet", () => {
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

test("hides what lies below something sensitive", () => {
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

test("cuts long values short", () => {
  const [value] = changedValues(
    { ...change, before: { user_data: "x".repeat(5000) }, after: { user_data: "" } },
    [["user_data"]],
  );

  expect(value?.before).toHaveLength(80);
});
