import { expect, test } from "vitest";
import { nextPristine, pristinesInUse, upgradedAt } from "./pristine.ts";

const OLD = "pristine-20261101-120000";
const NEW = "pristine-20261130-034012";

function machines(
  snapshots: Readonly<Record<string, readonly string[]>>,
): Parameters<typeof pristinesInUse>[0] {
  return Object.entries(snapshots).map(([name, names]) => ({ name, snapshots: names }));
}

test.each<[string, Readonly<Record<string, readonly string[]>>, Record<string, string>]>([
  [
    "before any upgrade",
    { pc1: ["pristine", "baseline-1"], pc2: ["pristine"] },
    { pc1: "pristine", pc2: "pristine" },
  ],
  [
    "when one machine has the new snapshot and the other has not",
    { pc1: ["pristine", NEW], pc2: ["pristine"] },
    { pc1: "pristine", pc2: "pristine" },
  ],
  [
    "when all have the new snapshot beside the old one",
    { pc1: [NEW, OLD], pc2: [OLD, NEW] },
    { pc1: OLD, pc2: OLD },
  ],
  [
    "when the first machine has lost the old one",
    { pc1: [NEW], pc2: [OLD, NEW] },
    { pc1: NEW, pc2: NEW },
  ],
  ["when all have lost the old one", { pc1: [NEW], pc2: [NEW] }, { pc1: NEW, pc2: NEW }],
  [
    "when a machine was replaced since the upgrade",
    { pc1: [NEW], pc2: ["pristine"] },
    { pc1: NEW, pc2: "pristine" },
  ],
  [
    "when the upgrade after that is not done",
    { pc1: [OLD, NEW], pc2: ["pristine", NEW] },
    { pc1: OLD, pc2: "pristine" },
  ],
  [
    "when the upgrade after that has begun to delete",
    { pc1: [OLD, NEW], pc2: [NEW] },
    { pc1: NEW, pc2: NEW },
  ],
  ["for a machine without snapshots", { pc1: [NEW], pc2: ["checkpoint-1"] }, { pc1: NEW }],
])("the pristine snapshots in use are right %s", (_when, snapshots, expected) => {
  expect(Object.fromEntries(pristinesInUse(machines(snapshots)))).toEqual(expected);
});

test("the name of a new snapshot has its time", () => {
  const at = upgradedAt(NEW) ?? 0;
  expect(new Date(at).toISOString()).toBe("2026-11-30T03:40:12.000Z");
  expect(nextPristine(machines({ pc1: ["pristine"], pc2: [OLD] }), at)).toBe(NEW);
});

test("the name of a new snapshot is the latest, even if the clock is behind", () => {
  const behind = upgradedAt(OLD) ?? 0;
  expect(nextPristine(machines({ pc1: [OLD], pc2: [NEW] }), behind)).toBe(
    "pristine-20261130-034013",
  );
});

test.each(["pristine", "pristine-2026", "pristine-20261399-000000", "checkpoint-20261130"])(
  "%s has no time",
  (name) => {
    expect(upgradedAt(name)).toBeUndefined();
  },
);
