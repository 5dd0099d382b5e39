import { expect, test } from "vitest";
import { checkLabels, labelSelector, type LabelQuery } from "./label-selector.ts";

test.each<[LabelQuery, string]>([
  [{ "vmrig-rig": "pcs" }, "vmrig-rig=pcs"],
  [{ "vmrig-rig": "pcs", "vmrig-copy": "1" }, "vmrig-rig=pcs,vmrig-copy=1"],
  [{ "vmrig-rig": true }, "vmrig-rig"],
  [{ "vmrig-rig": ["a", "b"] }, "vmrig-rig in (a,b)"],
  [{ "vmrig-rig": ["a"], "x.example/y": "" }, "vmrig-rig in (a),x.example/y="],
])("writes %j as %s", (query, selector) => {
  expect(labelSelector(query)).toBe(selector);
});

test.each<[LabelQuery]>([
  [{ rig: "a,owner!=b" }],
  [{ rig: "a b" }],
  [{ rig: "a)" }],
  [{ rig: ["a", "b),c in (d"] }],
  [{ rig: "a\n" }],
  [{ rig: "-a" }],
  [{ rig: "a".repeat(64) }],
  [{ "rig,owner": true }],
  [{ "!rig": true }],
  [{ "": "a" }],
  [{ "x/y/z": "a" }],
  [{ [`${"a".repeat(254)}/x`]: "a" }],
])("refuses %j, which would select something else", (query) => {
  expect(() => labelSelector(query)).toThrow(expect.objectContaining({ code: "CONFIG_INVALID" }));
});

test.each<[LabelQuery]>([[{}], [{ rig: [] }]])(
  "refuses %j, which would select everything or be malformed",
  (query) => {
    expect(() => labelSelector(query)).toThrow(expect.objectContaining({ code: "CONFIG_INVALID" }));
  },
);

test("names the label and the value that the API does not accept", () => {
  expect(() => checkLabels({ "vmrig-owner": "me@example" })).toThrow(
    'The label "vmrig-owner" cannot have the value "me@example".',
  );
});

test("accepts labels with the longest names and values, and empty values", () => {
  const longest = `a${"-".repeat(61)}b`;
  expect(() => checkLabels({ [longest]: longest, "x.example/y": "" })).not.toThrow();
});

test("the prefix hetzner.cloud is reserved", () => {
  expect(() => checkLabels({ "hetzner.cloud/x": "a" })).toThrow("reserved");
  expect(() => checkLabels({ "my.hetzner.cloud/x": "a" })).toThrow("reserved");
});
