import { randomUUID } from "node:crypto";
import { expect, test } from "vitest";
import { tempFolder } from "../../local-files/temp-folder.test.kit.ts";
import { stateStoreContract } from "./contract.test.kit.ts";
import type { StateStore } from "./state-store.ts";
import { fileStore } from "./stores/file/file-store.ts";

/** Each entry: one fault of a store, and a pattern of the cases that must detect it. */
const FAULTS: ReadonlyArray<
  readonly [fault: string, faulty: (store: StateStore) => Partial<StateStore>, seenBy: RegExp]
> = [
  [
    "forgets a claim",
    (store) => ({
      claim: async (copy) => ({ outcome: "claimed", current: await store.read(copy) }),
    }),
    /after a takeover a write with the smaller fence is refused/,
  ],
  [
    "ignores the fence of a write",
    (store) => ({
      write: (copy, write) => store.write(copy, { ...write, fence: Number.MAX_SAFE_INTEGER }),
    }),
    /a write with a larger fence takes over/,
  ],
  [
    "ignores the base of a write",
    (store) => ({
      write: async (copy, write) =>
        store.write(copy, { ...write, base: (await store.read(copy))?.version ?? 0 }),
    }),
    /based on another version is refused/,
  ],
  [
    "does not recognise a repeated write",
    (store) => ({
      write: (copy, write) => store.write(copy, { ...write, id: randomUUID() }),
    }),
    /a write that is repeated is stored once/,
  ],
  [
    "compares fences in single precision",
    (store) => ({
      claim: (copy, fence) => store.claim(copy, Math.fround(fence)),
      write: (copy, write) => store.write(copy, { ...write, fence: Math.fround(write.fence) }),
    }),
    /fences as large as a lease issues them/,
  ],
  [
    "keeps one state for all copies of a rig",
    (store) => ({
      claim: ({ rig }, fence) => store.claim({ rig, copy: "all" }, fence),
      write: ({ rig }, write) => store.write({ rig, copy: "all" }, write),
    }),
    /different copies do not affect each other/,
  ],
  [
    "changes line endings",
    (store) => ({
      write: (copy, write) =>
        store.write(copy, { ...write, text: write.text.replaceAll("\r\n", "\n") }),
    }),
    /reads exactly what was written/,
  ],
  [
    "lists too few versions",
    (store) => ({ history: async (copy) => (await store.history(copy)).slice(0, 49) }),
    /versions are kept/,
  ],
];

test.each(FAULTS)("the contract detects a store that %s", async (_, faulty, seenBy) => {
  const folder = await tempFolder();
  const open = async (): Promise<StateStore> => {
    const store = fileStore({ folder });
    return { ...store, ...faulty(store) };
  };
  const cases = stateStoreContract({ open, makeUnwritable: open });
  const matching = cases.filter(({ title }) => seenBy.test(title));
  expect(matching).toHaveLength(1);
  for (const { run } of matching) await expect(run()).rejects.toThrow("expected");
});
