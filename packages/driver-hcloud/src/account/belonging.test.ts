import { expect, test } from "vitest";
import type { Client } from "../api/call/client.ts";
import { belongingOf } from "./belonging.ts";

const CREATED = "2026-01-02T00:00:00Z";
const at = (hours: number): number => Date.parse(CREATED) + hours * 3_600_000;

/** Judges a resource some hours after its creation. */
function judge(labels: Record<string, string>, hours = 0) {
  const client: Partial<Client> = { serverTime: () => at(hours) };
  return belongingOf(client as Client, { labels, created: CREATED });
}

test("labels of a copy name its rig, copy and owner", async () => {
  const labels = { "vmrig-rig": "pcs", "vmrig-copy": "pcs-1", "vmrig-owner": "me" };
  expect(await judge(labels)).toEqual({ to: "copy", rig: "pcs", copy: "pcs-1", owner: "me" });
});

test("without the label of a copy no state can be asked, so it is only shown", async () => {
  expect(await judge({ "vmrig-rig": "pcs" })).toMatchObject({ to: "others" });
});

test("what has other labels is none of vmrig's", async () => {
  expect(await judge({ team: "web", "vmrig-image": "x" }, 1000)).toBeUndefined();
});

test("something temporary is needed until the deadline in its labels", async () => {
  const labels = { "vmrig-temporary": "publish", "vmrig-until": `${at(5) / 1000}` };
  expect(await judge(labels, 4.9)).toBeUndefined();
  expect(await judge(labels, 5.1)).toEqual({
    to: "none",
    why: "it was temporary, for a publish that has ended",
  });
});
