import { randomUUID } from "node:crypto";
import { onTestFinished } from "vitest";
import type { CopyName } from "../../../lease/keys.ts";
import { person } from "../../../lease/fixtures/holders.ts";
import type { BadNetwork } from "../../../redis/fixtures/bad-network.ts";
import type { StateStore, StateWrite } from "../state-store.ts";

export interface ContractCase {
  readonly title: string;
  readonly run: () => Promise<void>;
}

/** Environment of a store, as the contract needs it. */
export interface StoreHarness {
  /** Opens the store with separate connections, as another computer would. */
  readonly open: () => Promise<StateStore>;
  /** For a store on a network: opens it through proxies that this test controls. */
  readonly openThroughNetworks?: () => Promise<{
    readonly store: StateStore;
    readonly networks: readonly BadNetwork[];
  }>;
  /** Makes writes fail until the test ends. Returns a store that still can read. */
  readonly makeUnwritable: (copy: CopyName) => Promise<StateStore>;
  /** Restarts the store's servers with their data. */
  readonly restart?: () => Promise<void>;
}

let copies = 0;
/** Returns a copy that no other test uses. */
export function newCopy(): CopyName {
  copies += 1;
  return { rig: `rig-${randomUUID().slice(0, 8)}`, copy: `rig-${copies}` };
}

/** Opens a store that is closed at the end of the test. */
export async function opened(harness: StoreHarness): Promise<StateStore> {
  const store = await harness.open();
  onTestFinished(() => store[Symbol.asyncDispose]());
  return store;
}

/** A write of `alice`, based on `base`. */
export function write(base: number, fence: number, more: Partial<StateWrite> = {}): StateWrite {
  return {
    id: randomUUID(),
    text: `{"serial":${base + 1},"by":"fence ${fence}"}`,
    base,
    fence,
    by: person("alice"),
    at: 1_700_000_000_000 + base,
    summary: `+${base + 1} -0 ~0`,
    applying: [],
    removing: [],
    ...more,
  };
}
