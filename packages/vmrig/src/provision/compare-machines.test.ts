import { expect, test } from "vitest";
import type { MachineStatus } from "../driver/inventory.ts";
import { compareMachines, type CompareOptions } from "./compare-machines.ts";
import { machine } from "./file-driver.test.kit.ts";
import type { State, StateResource } from "./state.ts";

const ADDRESS = "terraform_data.pc1";
const IN_STATE: StateResource = { address: ADDRESS, name: "pc1", id: "r1", tainted: false };
const EXISTS: MachineStatus = {
  name: "pc1",
  power: "running",
  owner: "me",
  origin: { resource: "r1", values: "512 MB" },
  snapshots: ["pristine"],
};
const NEVER_USED: MachineStatus = { ...EXISTS, snapshots: [] };
const GARBLED: MachineStatus = { ...NEVER_USED, unreadable: "snapshots: they are gone" };
const HALF: MachineStatus = { name: "pc1", power: "running", snapshots: [], incomplete: true };
const ABSENT: MachineStatus = { name: "pc1", power: "absent", snapshots: [] };
const OF_R2 = { resource: "r2", values: "1024 MB" };
const SAME_AS_R2 = { resource: "r2", values: "512 MB" };
const ALLOWED = { allow: new Set([ADDRESS]) };

const state = (...resources: readonly StateResource[]): State => ({
  lineage: "l",
  serial: 3,
  owner: "me",
  resources,
});
const TAINTED = state({ ...IN_STATE, tainted: true });
const OPTIONS: Omit<CompareOptions, "inventory"> = {
  copy: {
    rig: "pcs",
    copy: "pcs-1",
    folder: "/f",
    runtimeFolder: "/r",
    cacheFolder: "/c",
    machines: [machine("pc1")],
  },
  state: state(IN_STATE),
  applying: [],
  declared: new Map([["pc1", "512 MB"]]),
};
const GONE = { declared: new Map<string, string>(), copy: { ...OPTIONS.copy, machines: [] } };
const KILLED = { applying: ["pc1"] };
const OWNERLESS: State = { ...state(), owner: undefined };

type Result = "again" | "remove" | "again, remove" | "takeOver" | "lost" | "vanished" | "nothing";

function compare(status: MachineStatus, more: Partial<CompareOptions>): Result {
  const found = compareMachines({ ...OPTIONS, inventory: { machines: [status] }, ...more });
  const results = [
    ...(found.again.has(ADDRESS) ? ["again"] : []),
    ...(found.remove.has("pc1") ? ["remove"] : []),
    ...(found.takeOver.includes("pc1") ? ["takeOver"] : []),
    ...(found.lost.size > 0 ? ["lost"] : []),
    ...(found.vanished.has(ADDRESS) ? ["vanished"] : []),
  ];
  return (results.join(", ") || "nothing") as Result;
}

test.for<[what: string, MachineStatus, Partial<CompareOptions>, Result]>([
  ["the machine of the state", EXISTS, {}, "nothing"],
  ["the machine of the state, after an apply that was killed before it", EXISTS, KILLED, "nothing"],
  ["a machine that the config no longer has", EXISTS, GONE, "nothing"],
  [
    "a machine of a driver that knows no origins",
    { name: "pc1", power: "off", owner: "me", snapshots: [] },
    {},
    "nothing",
  ],
  [
    "a machine that no test has used, and that the state does not know",
    { ...NEVER_USED, origin: OF_R2 },
    {},
    "again",
  ],
  [
    "such a machine that the config no longer has",
    { ...NEVER_USED, origin: OF_R2 },
    GONE,
    "again, remove",
  ],
  ["a used machine that is newer than the state", { ...EXISTS, origin: OF_R2 }, {}, "lost"],
  ["half a machine that the state has as complete", HALF, {}, "again"],
  ["half a machine that the state has as tainted", HALF, { state: TAINTED }, "remove"],
  ["half a machine that the state lacks", HALF, { state: state() }, "nothing"],
  ["half a machine, and no state", HALF, { state: undefined }, "nothing"],
  ["half a machine that a killed apply wanted", HALF, { ...GONE, ...KILLED }, "again, remove"],
  ["such a machine that the state lacks", HALF, { ...GONE, ...KILLED, state: state() }, "remove"],
  ["a folder that nothing wants", HALF, { ...GONE, state: state() }, "lost"],
  ["half a machine of the state that nothing wants", HALF, GONE, "again, remove"],
  ["a tainted machine as the config describes it", NEVER_USED, { state: TAINTED }, "takeOver"],
  ["such a machine that was used", EXISTS, { state: TAINTED }, "takeOver"],
  [
    "a tainted machine of another size",
    { ...NEVER_USED, origin: OF_R2 },
    { state: TAINTED },
    "remove",
  ],
  [
    "a used, tainted machine of another size",
    { ...EXISTS, origin: OF_R2 },
    { state: TAINTED },
    "lost",
  ],
  [
    "such a machine that a person allowed to be replaced",
    { ...EXISTS, origin: OF_R2 },
    { state: TAINTED, ...ALLOWED },
    "remove",
  ],
  [
    "a used, tainted machine of a driver that knows no origins",
    { name: "pc1", power: "off", owner: "me", snapshots: ["pristine"] },
    { state: TAINTED },
    "lost",
  ],
  ["a used machine with another id", { ...EXISTS, origin: SAME_AS_R2 }, {}, "takeOver"],
  [
    "a used machine that is newer than the state, with permission",
    { ...EXISTS, origin: OF_R2 },
    ALLOWED,
    "again",
  ],
  ["a machine of another owner, with permission", { ...EXISTS, owner: "you" }, ALLOWED, "lost"],
  ["a machine that the state lacks", EXISTS, { state: state() }, "takeOver"],
  [
    "an unused machine of another size that the state lacks",
    { ...NEVER_USED, origin: OF_R2 },
    { state: state() },
    "remove",
  ],
  [
    "a used machine of another size that the state lacks",
    { ...EXISTS, origin: OF_R2 },
    { state: state() },
    "lost",
  ],
  ["a machine, and no state", EXISTS, { state: undefined }, "lost"],
  ["a machine, and a state without an owner", EXISTS, { state: OWNERLESS }, "lost"],
  ["a machine of another owner", { ...EXISTS, owner: "you" }, {}, "lost"],
  [
    "a machine of another owner that the state lacks",
    { ...EXISTS, owner: "you" },
    { state: state() },
    "lost",
  ],
  [
    "a machine whose record cannot be read",
    { name: "pc1", power: "running", snapshots: [], unreadable: "EACCES" },
    KILLED,
    "lost",
  ],
  ["a machine whose snapshots cannot be read", GARBLED, {}, "lost"],
  ["such a machine that the state lacks", GARBLED, { state: state() }, "lost"],
  ["such a machine with permission", GARBLED, ALLOWED, "again"],
  ["such a machine of another owner", { ...GARBLED, owner: "you" }, ALLOWED, "lost"],
  ["a machine that was deleted outside of vmrig", ABSENT, {}, "vanished"],
  ["a machine that a killed apply was replacing", ABSENT, KILLED, "again"],
  ["a machine that a killed apply was deleting", ABSENT, { ...GONE, ...KILLED }, "again"],
  ["a machine that was never created", ABSENT, { state: state(), ...KILLED }, "nothing"],
])("finds %s: %o", ([, status, more, result]) => {
  expect(compare(status, more)).toBe(result);
});
