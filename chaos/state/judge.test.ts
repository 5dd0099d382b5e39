import { expect, test } from "vitest";
import { parseCloudEvent, type CloudEvent } from "./cloud-events.ts";
import { judgeCalls, judgeEnd, judgeVersions } from "./judge.ts";
import { judgeRefusals } from "./refusals.ts";
import type { StoreEvent } from "./store-log.ts";

function fence(value: number): StoreEvent {
  return { kind: "fence", copy: "c-1", fence: value };
}

function version(
  number: number,
  by: number,
  more: { write?: string; serial?: number; lineage?: string; machines?: object } = {},
): StoreEvent {
  const { write = `w${number}`, serial = number, lineage = "l", machines = {} } = more;
  const resources = Object.entries({ vmrig_owner: "o", ...machines }).map(([name, id]) => ({
    mode: "managed",
    type: "terraform_data",
    name,
    instances: [{ attributes: { id } }],
  }));
  const text = JSON.stringify({ lineage, serial, resources });
  return { kind: "version", copy: "c-1", version: number, fence: by, write, text };
}

function promises(found: readonly { readonly promise: string }[]): string[] {
  return found.map(({ promise }) => promise);
}

test("accepts versions that follow one another, and those that a claim stores again", () => {
  const events = [fence(1), version(1, 1), version(2, 1), fence(2), version(2, 1), version(3, 2)];
  expect(judgeVersions(events)).toEqual([]);
});

test.each<[string, StoreEvent[], string[]]>([
  ["a gap", [version(1, 1), version(3, 1)], ["one chain"]],
  ["a way back", [version(1, 1), version(2, 1), version(1, 1)], ["one chain", "one chain"]],
  ["a fork", [version(1, 1), version(2, 1), version(2, 1, { write: "other" })], ["one chain"]],
  ["another lineage", [version(1, 1), version(2, 1, { lineage: "m" })], ["one chain"]],
  ["a smaller serial", [version(1, 1), version(2, 1, { serial: 0 })], ["one chain"]],
  ["a late write", [version(1, 1), fence(2), version(2, 1)], ["fenced"]],
  ["a smaller fence", [version(1, 2), version(2, 1)], ["one chain"]],
])("detects %s in the versions of a state", (_, events, expected) => {
  expect(promises(judgeVersions(events))).toEqual(expected);
});

function event(kind: string, by: number, about = "- - -", home = "alice"): CloudEvent {
  return parseCloudEvent(`${kind} 0 run-${by} ${by} ${home} c-1 ${about}`);
}

const CREATED = [
  event("granted", 1),
  event("inspected", 1),
  event("creating", 1, "pc1 512 r1"),
  event("created", 1, "pc1 512 r1"),
  event("provisioned", 1, "- pc1:512 -"),
];

test("accepts runs that create, take over and destroy what they want", () => {
  const events = [
    ...CREATED,
    event("inspected", 2),
    event("adopted", 2, "pc1 512 r2"),
    event("destroying", 2, "pc1 - -"),
    event("destroyed", 2, "pc1 - -"),
    event("creating", 2, "pc1 1024 r3"),
    event("created", 2, "pc1 1024 r3"),
    event("provisioned", 2, "- pc1:1024 -"),
  ];
  expect(judgeCalls(events)).toEqual({ violations: [], lateCalls: 0 });
});

test.each<[string, CloudEvent[], string[]]>([
  [
    "a machine that is created over a complete one",
    [event("creating", 1, "pc1 512 r2")],
    ["no double"],
  ],
  [
    "a create of a machine that was complete when the run looked",
    [event("inspected", 2), event("refused", 2, "pc1 1024 r2")],
    ["no double"],
  ],
  [
    "success with a machine that is not wanted",
    [event("inspected", 2), event("provisioned", 2, "- pc2:512 -")],
    ["complete"],
  ],
  [
    "success with an incomplete machine",
    [
      event("inspected", 2),
      event("creating", 2, "pc2 512 r2"),
      event("provisioned", 2, "- pc1:512,pc2:512 -"),
    ],
    ["complete"],
  ],
  [
    "a call after a later run of the same computer has looked",
    [event("inspected", 2), event("destroying", 1, "pc1 - -")],
    ["fenced"],
  ],
])("detects %s", (_, more, expected) => {
  expect(promises(judgeCalls([...CREATED, ...more]).violations)).toEqual(expected);
});

test("accepts success after calls that were killed before they did anything", () => {
  const events = [
    ...CREATED,
    event("creating", 1, "pc3 512 r3"),
    event("destroying", 1, "pc4 - -"),
    event("inspected", 2),
    event("provisioned", 2, "- pc1:512 -"),
  ];
  expect(judgeCalls(events).violations).toEqual([]);
});

test("counts late calls from another computer, and does not blame the run that they surprise", () => {
  const events = [
    ...CREATED,
    event("inspected", 2, "- - -", "bob"),
    event("destroying", 1, "pc1 - -"),
    event("destroyed", 1, "pc1 - -"),
    event("provisioned", 2, "- pc1:512 -", "bob"),
  ];
  expect(judgeCalls(events)).toEqual({ violations: [], lateCalls: 2 });
});

test("accepts a last call of an engine that was killed", () => {
  const events = [...CREATED, event("inspected", 2), event("adopted", 1, "pc1 512 r1")];
  expect(judgeCalls(events, new Set(["run-1"])).violations).toEqual([]);
});

test("detects a machine that no state knows, one that the state has with another id, and one that is gone", () => {
  const store = [version(1, 1, { machines: { pc1: "r1", pc2: "r2", pc3: "r3" } })];
  const machine = (name: string, resource: string) => ({ copy: "c-1", name, resource });
  expect(
    judgeEnd(
      store,
      ["1", "2", "3"].map((n) => machine(`pc${n}`, `r${n}`)),
    ),
  ).toEqual([]);
  const last = [machine("pc1", "r1"), machine("pc2", "old"), machine("pc4", "-")];
  expect(judgeEnd(store, last).map(({ what }) => what)).toEqual([
    "pc2 of c-1 is resource old, and the state has r2",
    "pc4 of c-1 is resource -, and the state has none",
    "the state of c-1 has pc3, which does not exist",
  ]);
});

test("detects a run that needs a person", () => {
  const log = "17 run-1  failed   LEASE_LOST lost\n17 run-2  failed   PLAN_REFUSED (add) no\n";
  expect(judgeRefusals(log)).toEqual([{ promise: "recovers", what: "PLAN_REFUSED (add) no" }]);
});
