import { expect, test } from "vitest";
import { checkLabels } from "./api/call/label-selector.ts";
import { fenceIn, snapshotsIn, without, withSnapshots } from "./labels.ts";

const SAME_IMAGE = { "vmrig-image": "recipe-1", "vmrig-disk": "recipe-1" };
const BASELINE = "baseline-0123456789abcdef";

test("snapshots are listed over several labels, each of which is valid", () => {
  const names = ["pristine", BASELINE, "checkpoint-0a1b2c3d", "checkpoint-4e5f6071"];
  const labels = withSnapshots({ ...SAME_IMAGE, "vmrig-fence": "3" }, names);
  checkLabels(labels);
  expect(labels).toMatchObject({
    "vmrig-fence": "3",
    "vmrig-snapshots": `pristine.${BASELINE}.checkpoint-0a1b2c3d`,
    "vmrig-snapshots-2": "checkpoint-4e5f6071",
  });
  expect(snapshotsIn(labels)).toEqual(names);
  const fewer = withSnapshots(labels, ["pristine"]);
  expect(fewer).not.toHaveProperty("vmrig-snapshots-2");
  expect(snapshotsIn(withSnapshots(fewer, []))).toEqual([]);
});

test("too many snapshots are refused, before one of them is lost", () => {
  const names = Array.from({ length: 30 }, (_, index) => `checkpoint-0000000${index % 10}`);
  expect(() => withSnapshots({}, names)).toThrow("cannot have 30 snapshots");
});

test("the snapshots of a disk with another image than the config's do not count", () => {
  const labels = withSnapshots(SAME_IMAGE, ["pristine"]);
  expect(snapshotsIn({ ...labels, "vmrig-image": "recipe-2" })).toEqual([]);
  expect(snapshotsIn(without(labels, "vmrig-disk"))).toEqual([]);
});

test.each([
  [undefined, 0],
  ["0", 0],
  ["42", 42],
  ["1796012401406718", 1_796_012_401_406_718],
  ["", Number.POSITIVE_INFINITY],
  ["-1", Number.POSITIVE_INFINITY],
  ["1e3", Number.POSITIVE_INFINITY],
  ["9".repeat(16), Number.POSITIVE_INFINITY],
  ["9".repeat(30), Number.POSITIVE_INFINITY],
])("a fence label of %j lets no fence below %d through", (label, fence) => {
  expect(fenceIn({ ...(label !== undefined && { "vmrig-fence": label }) })).toBe(fence);
});
