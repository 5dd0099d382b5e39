import { expect, test } from "vitest";
import { parsePlan } from "./plan.ts";

test("accepts a plan with only the fields that every version writes", () => {
  const plan = {
    format_version: "1.0",
    resource_changes: [
      { address: "a.b", mode: "managed", type: "a", change: { actions: ["create"] } },
    ],
  };

  expect(parsePlan(JSON.stringify(plan))).toEqual(plan);
});

test.for([
  ["text that is not JSON", "Error: no plan"],
  ["JSON that is not an object", "[]"],
  ["a plan without a version", "{}"],
  [
    "a change without actions",
    '{"format_version":"1.2","resource_changes":[{"address":"a.b","mode":"managed","type":"a","change":{"actions":[]}}]}',
  ],
  [
    "actions that are not strings",
    '{"format_version":"1.2","resource_changes":[{"address":"a.b","mode":"managed","type":"a","change":{"actions":[1]}}]}',
  ],
  [
    "a change without an address",
    '{"format_version":"1.2","resource_changes":[{"mode":"managed","type":"a","change":{"actions":["create"]}}]}',
  ],
] as const)("refuses %s", ([, text]) => {
  expect(() => parsePlan(text)).toThrow(
    expect.objectContaining({ code: "TERRAFORM_FAILED" }) as Error,
  );
});
