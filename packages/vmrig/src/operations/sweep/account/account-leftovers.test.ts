import { expect, onTestFinished } from "vitest";
import type { Account, AccountResource, RemovalOptions } from "../../../driver/account.ts";
import { fakeDriver } from "../../../driver/fake/driver.ts";
import { openStates } from "../../../gate/store/open-states.ts";
import { openStore } from "../../../gate/store/open-store.ts";
import { rigOf, test, type TestGate } from "../../../gate/test-gate.test.kit.ts";
import { person } from "../../../lease/fixtures/holders.ts";
import type { CopyName } from "../../../lease/keys.ts";
import type { LeaseStore } from "../../../lease/lease-store.ts";
import type { StateStore } from "../../../provision/state/state-store.ts";
import type { Leftover } from "../leftover.ts";
import { accountLeftovers } from "./account-leftovers.ts";

const PCS_1: CopyName = { rig: "pcs", copy: "pcs-1" };
const HOUR_MS = 3_600_000;
/** Written in the second hour, by this owner, with server 1. */
const WRITTEN: Written = { owner: "me", at: 2 * HOUR_MS, applying: [], ids: ["1"] };

interface Written {
  readonly owner: string;
  readonly at: number;
  readonly applying: readonly string[];
  readonly ids: readonly string[];
}

const server = (id: string, of: object = {}, createdAt = HOUR_MS): AccountResource => ({
  type: "cloud_server",
  id,
  location: `server ${id}`,
  belongs: { to: "copy", ...PCS_1, owner: "me", ...of },
  createdAt,
  monthly: { net: 3.5, gross: 4 },
});

interface Cloud {
  readonly resources: AccountResource[];
  readonly states: StateStore;
  readonly store: LeaseStore;
  /** What was removed, with the fence and whether the copy was leased then. */
  readonly removed: Array<readonly [id: string, fence: number | undefined, leased: boolean]>;
  find(...owners: readonly string[]): Promise<readonly Leftover[]>;
  write(copy: CopyName, state: Partial<Written> & { text?: string }): Promise<void>;
}

async function openCloud({ folders }: TestGate, ...resources: AccountResource[]): Promise<Cloud> {
  const removed: Cloud["removed"] = [];
  const isLeased = async ({ belongs }: AccountResource): Promise<boolean> => {
    if (belongs.to !== "copy") return false;
    const view = await store.view({ rig: belongs.rig, copies: [belongs.copy] });
    return view.copies[0]?.held !== undefined;
  };
  const account: Account = {
    name: "Cloud",
    costs: () => expect.unreachable(),
    list: () => Promise.resolve({ currency: "EUR", resources: [...resources] }),
    async remove(resource: AccountResource, { fence }: RemovalOptions) {
      removed.push([resource.id, fence, await isLeased(resource)]);
      resources.splice(resources.indexOf(resource), 1);
    },
  };
  const rig = rigOf({ driver: { ...fakeDriver(), orphans: async () => [], account } });
  const store = await openStore(rig, folders);
  const states = await openStates(rig, folders);
  onTestFinished(async () => {
    await store.close();
    await states[Symbol.asyncDispose]();
  });
  return {
    resources,
    states,
    store,
    removed,
    find: (...owners) =>
      accountLeftovers(
        {
          rig,
          folders,
          holder: person("alice"),
          say: () => {},
          owners: new Set(owners),
          signal: new AbortController().signal,
        },
        store,
      ),
    async write(copy, { text, ...more }) {
      const state = { ...WRITTEN, ...more };
      const base = await states.newestVersion(copy);
      const { at, applying } = state;
      const by = person("bob");
      const write = { id: `${base}`, base, fence: 1, by, at, applying, summary: "" };
      await states.claim(copy, 1);
      const written = await states.write(copy, { ...write, text: text ?? stateText(state) });
      expect(written.outcome).toBe("written");
    },
  };
}

function stateText({ owner, ids }: Written): string {
  const resource = (type: string, name: string, attributes: object) => ({
    mode: "managed",
    type,
    name,
    instances: [{ attributes }],
  });
  const input = { value: owner, type: "string" };
  return JSON.stringify({
    version: 4,
    lineage: "l",
    serial: 1,
    resources: [
      resource("terraform_data", "vmrig_owner", { id: "0", input }),
      ...ids.map((id) => resource("cloud_server", `pc${id}`, { id })),
    ],
  });
}

test("what the state has is needed, and what it lacks is an orphan with its cost", async ({
  testGate,
}) => {
  const cloud = await openCloud(testGate, server("1"), server("2"));
  await cloud.write(PCS_1, {});
  const found = await cloud.find();
  expect(found.map(({ what, unproven }) => [what, unproven])).toEqual([
    ["server 2 of pcs-1: the state of pcs-1 does not have it, 3.50 EUR a month net", undefined],
  ]);
  await found[0]?.remove();
  expect(cloud.removed).toEqual([["2", expect.any(Number), true]]);
  expect(await cloud.find()).toEqual([]);
});

test("what is paid for in a copy beyond the config is shown, although its state has it", async ({
  testGate,
}) => {
  const copy = { rig: "pcs", copy: "pcs-2" };
  const { monthly: _, ...network } = server("3", copy);
  const cloud = await openCloud(testGate, server("1", copy), network);
  await cloud.write(copy, { ids: ["1", "3"] });
  const found = await cloud.find();
  expect(found.map(({ what, unproven }) => [what, unproven])).toEqual([
    [
      "server 1 of pcs-2: the config has 1 copy of pcs; `vmrig destroy pcs --copy pcs-2` destroys this one, 3.50 EUR a month net",
      { owner: undefined },
    ],
  ]);
  await expect(found[0]?.remove()).rejects.toMatchObject({ code: "CONFIRMATION_MISSING" });
});

test("a resource of another kind with the same id is not that of the state", async ({
  testGate,
}) => {
  const cloud = await openCloud(testGate, { ...server("1"), type: "cloud_network" });
  await cloud.write(PCS_1, {});
  expect(await cloud.find()).toHaveLength(1);
});

test("what an interrupted apply created is an orphan, although it is newer than the state", async ({
  testGate,
}) => {
  const cloud = await openCloud(testGate, server("2", {}, 3 * HOUR_MS));
  await cloud.write(PCS_1, { applying: ["pc2"] });
  const [found] = await cloud.find();
  expect(found?.what).toContain("an apply of pcs-1 was interrupted");
  expect(found?.unproven).toBeUndefined();
});

test.for<[title: string, resource: AccountResource, why: string, owner: string | undefined]>([
  [
    "created after the last write of the state, which may have moved",
    server("2", {}, 3 * HOUR_MS),
    "it is newer than the state of pcs-1 in",
    "me",
  ],
  [
    "that another clock dates shortly before the last write of the state",
    server("2", {}, WRITTEN.at - 60_000),
    "it is newer than the state of pcs-1 in",
    "me",
  ],
  [
    "of another owner of this rig's name",
    server("2", { owner: "another" }),
    "no state in",
    "another",
  ],
  [
    "of a rig of which this store has no state",
    server("2", { rig: "web", copy: "web-1", owner: "another" }),
    "no state in",
    "another",
  ],
  ["without an owner", server("2", { owner: undefined }), "it has no label vmrig-owner", undefined],
  [
    "with a name that vmrig gives to no copy",
    server("2", { rig: "..", copy: "../x-1" }),
    "its labels are none that vmrig gives",
    undefined,
  ],
])(
  "a resource %s may be needed: vmrig shows it, and does not remove it",
  async ([, resource, why, owner], { testGate }) => {
    const cloud = await openCloud(testGate, resource);
    await cloud.write(PCS_1, {});
    const [found] = await cloud.find();
    expect(found?.what).toContain(`: ${why}`);
    expect(found?.unproven).toEqual({ owner });
    await expect(found?.remove()).rejects.toMatchObject({ code: "CONFIRMATION_MISSING" });
    expect(cloud.removed).toEqual([]);
  },
);

test("a person who names its owner says that a state is gone, also for a rig of another config", async ({
  testGate,
}) => {
  const of = { rig: "web", copy: "web-1", owner: "another" };
  const cloud = await openCloud(testGate, server("2", of), server("3", { ...of, owner: "third" }));
  const found = await cloud.find("another");
  expect(found.map(({ unproven }) => unproven?.owner)).toEqual([undefined, "third"]);
  await found[0]?.remove();
  expect(cloud.removed).toEqual([["2", expect.any(Number), true]]);
});

test("a state that cannot be read protects its resources, whichever owner a person names", async ({
  testGate,
}) => {
  const cloud = await openCloud(testGate, server("2"));
  await cloud.write(PCS_1, { text: '{"version": 4, "ser' });
  const [found] = await cloud.find("me");
  expect(found?.unproven).toEqual({ owner: undefined });
});

test("nothing of a leased copy is listed: an apply may be creating it", async ({ testGate }) => {
  const of = { rig: "web", copy: "web-1" };
  const cloud = await openCloud(testGate, server("2"), server("3", of));
  for (const { rig, copy } of [PCS_1, of])
    await cloud.store.tryAcquire({ rig, copies: [copy] }, { holder: person("bob") });
  expect(await cloud.find("me")).toEqual([]);
});

test("a copy that is leased by now, or whose state has the resource by now, is not touched", async ({
  testGate,
}) => {
  const cloud = await openCloud(testGate, server("2"));
  await cloud.write(PCS_1, {});
  const [found] = await cloud.find();
  const request = { rig: "pcs", copies: ["pcs-1"] };
  const lease = await cloud.store.tryAcquire(request, { holder: person("bob") });
  await expect(found?.remove()).rejects.toMatchObject({ code: "RIG_BUSY" });
  await lease?.release();
  await cloud.write(PCS_1, { ids: ["1", "2"] });
  await found?.remove();
  expect(cloud.removed).toEqual([]);
});
