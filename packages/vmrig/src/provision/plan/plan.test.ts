import { expect, test } from "vitest";
import { hasChanges, parsePlan, type Plan } from "./plan.ts";

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

test("reads a plan after warnings", () => {
  const text = '\nWarning: Unable to open CLI configuration file\n{"format_version":"1.2"}\n';
  expect(parsePlan(text)).toEqual({ format_version: "1.2" });
});

const NO_OP = { address: "a.b", mode: "managed", type: "a", change: { actions: ["no-op"] } };

test.for<[title: string, parts: Partial<Plan>, changes: boolean]>([
  ["nothing", {}, false],
  ["resources that stay", { resource_changes: [NO_OP] }, false],
  [
    "a resource that changes",
    { resource_changes: [NO_OP, { ...NO_OP, change: { actions: ["delete", "create"] } }] },
    true,
  ],
  ["a resource that moves", { resource_changes: [{ ...NO_OP, previous_address: "a.c" }] }, true],
  ["an output that stays", { output_changes: { x: { actions: ["no-op"] } } }, false],
  ["an output that changes", { output_changes: { x: { actions: ["update"] } } }, true],
  ["a resource that was changed by others", { resource_drift: [NO_OP] }, false],
])("reads from the plan whether there is anything to apply: %s", ([, parts, changes]) => {
  expect(hasChanges({ format_version: "1.2", ...parts })).toBe(changes);
});
