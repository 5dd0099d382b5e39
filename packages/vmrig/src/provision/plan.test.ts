import { expect, test } from "vitest";
import { parsePlan } from "./plan.ts";

test("takes a plan with nothing but what every version writes", () => {
  const plan = {
    format_version: "1.0",
    resource_changes: [
      { address: "a.b", mode: "managed", type: "a", change: { actions: ["create"] } },
    ],
  };

  expect(parsePlan(JSON.stringify(plan))).toEqual(plan);
});

test.for([
  ["no JSON", "Error: no plan"],
  ["no object", "[]"],
  ["no version", "{}"],
  [
    "a change without actions",
    '{"format_version":"1.2","resource_changes":[{"address":"a.b","mode":"managed","type":"a","change":{"actions":[]}}]}',
  ],
  [
    "actions that are no words",
    '{"format_version":"1.2","resource_changes":[{"address":"a.b","mode":"managed","type":"a","change":{"actions":[1]}}]}',
  ],
  [
    "a change of nothing",
    '{"format_version":"1.2","resource_changes":[{"mode":"managed","type":"a","change":{"actions":["create"]}}]}',
  ],
] as const)("refuses %s", ([, text]) => {
  expect(() => parsePlan(text)).toThrow(
    expect.objectContaining({ code: "TERRAFORM_FAILED" }) as Error,
  );
});
