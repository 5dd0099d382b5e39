import { expect, test } from "vitest";
import type { Inventory, MachineStatus } from "../../driver/inventory.ts";
import type { CopySpec } from "../../driver/driver.ts";
import { brokenMark, makeRecord, staleness } from "./copy-record.ts";

const stamp = { version: 3, owner: "o-1" };
const machine = (name: string, changes: Partial<MachineStatus> = {}): MachineStatus => ({
  name,
  power: "running",
  hostKey: `ssh-ed25519 ${name}`,
  owner: stamp.owner,
  origin: { resource: `id of ${name}`, values: "512 MB" },
  snapshots: [],
  ...changes,
});
const spec = { cpus: 1, memoryMb: 512, diskGb: 4, lanAddress: "10.77.0.11" };
const copy: CopySpec = {
  rig: "pcs",
  copy: "pcs-1",
  folder: "/f",
  runtimeFolder: "/r",
  cacheFolder: "/c",
  machines: [
    { ...spec, name: "pc1" },
    { ...spec, name: "pc2" },
  ],
};
const inventory: Inventory = { machines: [machine("pc1"), machine("pc2")] };
const now = { copy, infrastructure: "hash", version: 3, inventory };
const record: unknown = JSON.parse(JSON.stringify(makeRecord("hash", stamp, inventory)));
const pc2 = (changes: Partial<MachineStatus>): typeof now => ({
  ...now,
  inventory: { machines: [machine("pc1"), machine("pc2", changes)] },
});

test("a record that was stored as JSON matches the present state", () => {
  expect(staleness(record, now)).toBeUndefined();
});

test.each(["off", "paused"] as const)("a machine that is %s still exists", (power) => {
  expect(staleness(record, pc2({ power }))).toBeUndefined();
});

test.each<[string, unknown, Parameters<typeof staleness>[1]]>([
  ["pc2 cannot be read: EACCES", record, pc2({ unreadable: "EACCES" })],
  ["there is no record of it", undefined, now],
  ["there is no record of it", "garbage", now],
  ["there is no record of it", { ...(record as object), version: 1 }, now],
  ["the config describes different machines", record, { ...now, infrastructure: "other" }],
  ["it was marked as broken", { ...(record as object), broken: { summary: "gone", at: 1 } }, now],
  ["it was marked as broken", { broken: { summary: "gone", at: 1 } }, now],
  ["its Terraform state is gone", record, { ...now, version: 0 }],
  ["its Terraform state changed", record, { ...now, version: 4 }],
  ["its Terraform state changed", record, { ...now, version: 2 }],
  [
    "its machines are not those of the config",
    record,
    { ...now, inventory: { machines: [...inventory.machines, machine("pc3")] } },
  ],
  [
    "its machines are not those of the config",
    record,
    { ...now, inventory: { machines: [machine("pc1")] } },
  ],
  ["pc2 is gone", record, { ...now, inventory: { machines: [machine("pc1"), machine("pc3")] } }],
  ["pc2 is gone", record, pc2({ power: "absent" })],
  ["pc2 belongs to another state", record, pc2({ owner: "o-2" })],
  [
    "pc2 is not the machine that its Terraform state has",
    record,
    pc2({ origin: { resource: "another id", values: "512 MB" } }),
  ],
  ["pc2 has another host key", record, pc2({ hostKey: "ssh-ed25519 other" })],
])("a stale record reports why: %s", (why, old, what) => {
  expect(staleness(old, what)).toBe(why);
});

test("an unknown host key counts as another host key", () => {
  const { hostKey: _unknown, ...without } = machine("pc2");
  const machines = [machine("pc1"), without];
  expect(staleness(record, { ...now, inventory: { machines } })).toBe("pc2 has another host key");
  expect(
    staleness(makeRecord("hash", stamp, { machines }), { ...now, inventory: { machines } }),
  ).toBe("pc2 has another host key");
});

test("a broken mark is found in a complete record, and in a record without other fields", () => {
  const broken = {
    summary: "pc1 of pcs-1 cannot be brought back to its baseline.",
    at: 1_700_000_000_000,
  };
  expect(brokenMark({ ...(record as object), broken })).toEqual(broken);
  expect(brokenMark({ broken })).toEqual(broken);
  expect(brokenMark(record)).toBeUndefined();
  expect(brokenMark(undefined)).toBeUndefined();
});
