import { expect, test } from "vitest";
import { withSnapshots } from "../labels.ts";
import { keptSnapshots } from "./kept-snapshots.ts";

test("the recipe may change as often as a team likes: the names always fit into the labels", () => {
  let names: readonly string[] = ["pristine"];
  for (let change = 0; change < 20; change += 1) {
    names = keptSnapshots(names, `baseline-${String(change).padStart(16, "0")}`);
    withSnapshots({}, [...names, "checkpoint-0a1b2c3d", "checkpoint-4e5f6071"]);
  }
  expect(names).toEqual([
    "pristine",
    "baseline-0000000000000017",
    "baseline-0000000000000018",
    "baseline-0000000000000019",
  ]);
});

test("a snapshot that is taken again counts as new, and checkpoints stay", () => {
  const before = ["pristine", "baseline-1", "baseline-2", "checkpoint-1", "baseline-3"];
  const again = keptSnapshots(before, "baseline-1");
  expect(again).toEqual(["pristine", "baseline-2", "checkpoint-1", "baseline-3", "baseline-1"]);
  expect(keptSnapshots(again, "baseline-4")).not.toContain("baseline-2");
});
