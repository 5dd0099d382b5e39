import { expect, onTestFinished } from "vitest";
import { waitFor } from "../../../wait/wait-for.ts";
import { MAX_STATE_BYTES } from "../size-limit.ts";
import {
  newCopy,
  opened,
  write,
  type ContractCase,
  type StoreHarness,
} from "./harness.test.kit.ts";

export function faultCases(harness: StoreHarness): readonly ContractCase[] {
  return [...allStores(harness), ...networkCases(harness), ...restartCases(harness)];
}

function allStores(harness: StoreHarness): readonly ContractCase[] {
  return [
    {
      title: "a state of 2 MB is stored, and one that is too large is refused before it is sent",
      async run() {
        const store = await opened(harness);
        const copy = newCopy();
        const text = "é".repeat(1024 * 1024);
        expect(await store.write(copy, write(0, 10, { text }))).toMatchObject({
          outcome: "written",
        });
        expect((await store.read(copy))?.text === text).toBe(true);
        await expect(
          store.write(copy, write(1, 10, { text: "x".repeat(MAX_STATE_BYTES + 1) })),
        ).rejects.toMatchObject({
          code: "STATE_UNWRITABLE",
          summary: expect.stringContaining(`${MAX_STATE_BYTES + 1} bytes`),
        });
        expect((await store.read(copy))?.version).toBe(1);
      },
    },
    {
      title: "without the right to write a write fails with a hint, and the state stays readable",
      async run() {
        const store = await opened(harness);
        const copy = newCopy();
        await store.write(copy, write(0, 10));
        const reader = await harness.makeUnwritable(copy);
        onTestFinished(() => reader[Symbol.asyncDispose]());
        const failed = { fault: "infra", hint: expect.any(String) };
        await expect(reader.write(copy, write(1, 10))).rejects.toMatchObject(failed);
        await expect(reader.claim(copy, 12)).rejects.toMatchObject(failed);
        expect((await reader.read(copy))?.version).toBe(1);
        expect(await reader.history(copy)).toHaveLength(1);
      },
    },
  ];
}

function networkCases(harness: StoreHarness): readonly ContractCase[] {
  const { openThroughNetworks } = harness;
  if (openThroughNetworks === undefined) return [];
  return [
    // A store may send the text and the facts about a version one after the other.
    ...(["text", "summary"] as const).map((part) => ({
      title: `a write whose ${part} is delayed past a takeover is refused, and the newer state stays`,
      async run() {
        const { store: old, networks } = await openThroughNetworks();
        const next = await opened(harness);
        const copy = newCopy();
        await old.claim(copy, 10);
        const deliver = networks.map((network) => network.holdBack("written too late"));
        const late = old.write(copy, write(0, 10, { [part]: "written too late" }));
        late.catch(() => {});
        await waitFor({
          what: "the write to be on its way",
          timeoutMs: 10_000,
          intervalMs: 5,
          probe: async () => {
            const held = networks.filter((network) => network.heldBack > 0).length;
            return held === networks.length ? { value: undefined } : { seen: `${held} held` };
          },
        });
        await next.claim(copy, 11);
        await next.write(copy, write(0, 11, { text: "the newer state" }));
        for (const send of deliver) send();
        expect(await late).toEqual({ outcome: "fenced", fence: 11 });
        expect(await next.read(copy)).toMatchObject({ version: 1, text: "the newer state" });
      },
    })),
    {
      title: "a write whose reply is lost is repeated and stored once",
      async run() {
        const { store, networks } = await openThroughNetworks();
        const copy = newCopy();
        await store.claim(copy, 10);
        for (const network of networks) network.loseRepliesTo("reply is lost");
        const first = write(0, 10, { summary: "the reply is lost" });
        const repeated = store.write(copy, first);
        repeated.catch(() => {});
        const direct = await opened(harness);
        await waitFor({
          what: "the write to be stored",
          timeoutMs: 10_000,
          intervalMs: 10,
          probe: async () =>
            (await direct.read(copy)) === undefined ? { seen: "nothing" } : { value: undefined },
        });
        for (const network of networks) {
          network.loseRepliesTo(undefined);
          network.reset();
        }
        expect(await repeated.catch(() => store.write(copy, first))).toEqual({
          outcome: "written",
          version: 1,
        });
        expect(await direct.history(copy)).toHaveLength(1);
      },
    },
  ];
}

function restartCases(harness: StoreHarness): readonly ContractCase[] {
  const { restart } = harness;
  if (restart === undefined) return [];
  return [
    {
      title: "versions and fences survive a restart of the store",
      async run() {
        const store = await opened(harness);
        const copy = newCopy();
        await store.claim(copy, 10);
        await store.write(copy, write(0, 10));
        await store.claim(copy, 12);
        await restart();
        expect(await store.write(copy, write(1, 11))).toEqual({ outcome: "fenced", fence: 12 });
        expect(await store.write(copy, write(1, 12))).toEqual({ outcome: "written", version: 2 });
      },
    },
  ];
}
