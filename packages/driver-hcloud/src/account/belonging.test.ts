import { expect, test } from "vitest";
import { belongingOf } from "./belonging.ts";

const CREATED = "2026-01-02T00:00:00Z";
const at = (hours: number): number => Date.parse(CREATED) + hours * 3_600_000;
const seconds = (hours: number): string => `${at(hours) / 1000}`;
const judge = (labels: Record<string, string>, hours: number) =>
  belongingOf({ labels, created: CREATED }, at(hours));

test("labels of a copy name its rig, copy and owner", () => {
  const labels = { "vmrig-rig": "pcs", "vmrig-copy": "pcs-1", "vmrig-owner": "me" };
  expect(judge(labels, 0)).toEqual({ to: "copy", rig: "pcs", copy: "pcs-1", owner: "me" });
});

test("without the label of a copy no state can be asked, so it is only shown", () => {
  expect(judge({ "vmrig-rig": "pcs" }, 0)).toMatchObject({ to: "others" });
});

test("what has other labels is none of vmrig's", () => {
  expect(judge({ team: "web", "vmrig-image": "x" }, 1000)).toBeUndefined();
});

test.for<[title: string, until: string | undefined, neededAt: number, goneAt: number]>([
  ["is needed until its deadline", seconds(2), 1.9, 2.1],
  ["without a deadline is needed for a day", undefined, 23.9, 24.1],
  ["with a deadline that is no number is needed for a day", "soon", 23.9, 24.1],
  ["with a deadline in years is needed for a day", seconds(80_000), 23.9, 24.1],
])("something temporary that %s", ([, until, neededAt, goneAt]) => {
  const labels = {
    "vmrig-temporary": "publish",
    ...(until !== undefined && { "vmrig-until": until }),
  };
  expect(judge(labels, neededAt)).toBeUndefined();
  expect(judge(labels, goneAt)).toMatchObject({
    to: "none",
    why: expect.stringMatching(/^temporary for publish, and not needed since 2026-/) as string,
  });
});
