import { expect, test } from "vitest";
import { baselineAge, inDays } from "./baseline-age.ts";

const DAY = 86_400_000;
const NOW = Date.parse("2026-11-30T00:00:00Z");
const UPGRADED = "pristine-20261121-000000";

test.each<[string, Record<string, string>, Parameters<typeof baselineAge>[0]["upToDate"], unknown]>(
  [
    ["the time in the snapshot's name", { pc1: UPGRADED }, {}, 9 * DAY],
    [
      "a later upgrade that found nothing",
      { pc1: UPGRADED },
      { pc1: { pristine: UPGRADED, at: NOW - 2 * DAY } },
      2 * DAY,
    ],
    [
      "the creation of a machine that was never upgraded",
      { pc1: "pristine" },
      { pc1: { pristine: "pristine", at: NOW - 30 * DAY } },
      30 * DAY,
    ],
    [
      "the oldest machine",
      { pc1: UPGRADED, pc2: "pristine" },
      { pc2: { pristine: "pristine", at: NOW - 30 * DAY } },
      30 * DAY,
    ],
    [
      "only a record of the snapshot in use",
      { pc1: UPGRADED },
      { pc1: { pristine: "pristine", at: NOW } },
      9 * DAY,
    ],
    ["0 for a time in the future", { pc1: "pristine-20270101-000000" }, {}, 0],
  ],
)("a baseline's age is taken from %s", (_from, pristines, upToDate, age) => {
  expect(baselineAge({ pristines: new Map(Object.entries(pristines)), upToDate, now: NOW })).toBe(
    age,
  );
});

test("the age of a baseline is unknown after its record was lost", () => {
  const pristines = new Map([
    ["pc1", UPGRADED],
    ["pc2", "pristine"],
  ]);
  expect(baselineAge({ pristines, upToDate: {}, now: NOW })).toBeUndefined();
});

test("ages read well", () => {
  expect([9.9 * DAY, 2 * DAY, DAY, 3_600_000].map(inDays)).toEqual([
    "9 days",
    "2 days",
    "24 h",
    "1 h",
  ]);
});
