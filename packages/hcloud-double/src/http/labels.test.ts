import { expect, test } from "vitest";
import { refusal, startDouble } from "../hcloud-double.test.kit.ts";
import { labelProblems, parseSelector } from "./labels.ts";

test.for([
  ["a.b_c-d", "v"],
  ["A1", ""],
  ["a".repeat(63), "b".repeat(63)],
  ["example.com/team", "1"],
  [`${"a".repeat(253)}/team`, "1"],
])("accepts the label %s=%s", ([key = "", value = ""]) => {
  expect(labelProblems({ [key]: value })).toEqual([]);
});

test.for([
  ["a".repeat(64), "v"],
  ["a b", "v"],
  ["-a", "v"],
  ["a/b/c", "v"],
  ["/a", "v"],
  ["a/", "v"],
  ["a_b/c", "v"],
  [`${"a".repeat(254)}/b`, "v"],
  ["hetzner.cloud/a", "v"],
  ["a", "b c"],
  ["a", "b".repeat(64)],
  ["a", "b-"],
])("refuses the label %s=%s", ([key = "", value = ""]) => {
  expect(labelProblems({ [key]: value })).toHaveLength(1);
});

const RESOURCES = [{ env: "prod", "example.com/team": "1" }, { env: "test", gpu: "" }, {}];

test.for<[string, number[]]>([
  ["env", [0, 1]],
  ["!env", [2]],
  ["env=prod", [0]],
  ["env==prod", [0]],
  ["env = prod", [0]],
  ["env!=prod", [1, 2]],
  ["gpu=", [1]],
  ["env in (prod,test)", [0, 1]],
  ["env notin (prod)", [1, 2]],
  ["env in (prod, test),!gpu", [0]],
  ["example.com/team=1", [0]],
])("the selector %s selects what its labels say", ([selector, selected]) => {
  const selects = parseSelector(selector);
  expect(RESOURCES.flatMap((labels, index) => (selects(labels) ? [index] : []))).toEqual(selected);
});

test.for(["a in (b", "a=b=c", ",", "a b", "in (a)"])(
  "the selector %s is refused",
  async (selector) => {
    const { call } = await startDouble();
    const path = `/servers?label_selector=${encodeURIComponent(selector)}`;
    expect(await call("GET", path)).toMatchObject(refusal(422, "invalid_input", "label_selector"));
  },
);

test("labels of a resource are replaced as a whole", async () => {
  const { call, done } = await startDouble();
  const { placement_group } = await done("POST", "/placement_groups", {
    name: "g",
    type: "spread",
    labels: { a: "1", b: "2" },
  });
  const path = `/placement_groups/${placement_group.id}`;

  expect((await done("PUT", path, { labels: { c: "3" } })).placement_group).toMatchObject({
    name: "g",
    labels: { c: "3" },
  });
  expect(await call("PUT", path, { labels: { "a b": "1" } })).toMatchObject(
    refusal(422, "invalid_input", "labels"),
  );
});
