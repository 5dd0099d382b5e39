import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test as base, vi } from "vitest";
import type { CopySpec } from "../driver/driver.ts";
import { fileDriver, FINGERPRINT, machine, type FileDriver } from "./file-driver.test.kit.ts";
import { replaceState, withoutMachines } from "./replace-state.test.kit.ts";
import { provision, type Provisioned, type ProvisionOptions } from "./provision.ts";
import { person } from "../lease/fixtures/holders.ts";
import { stateFiles, type StateFiles } from "./state-files.ts";
import { readState, type StateReading } from "./state.ts";
import type { StateStore, StoredState } from "./state/state-store.ts";
import { fileStore } from "./state/stores/file/file-store.ts";
import type { LeaseGuard } from "./lease-guard.ts";

// A run takes half a second here, and some seconds on a busy computer.
vi.setConfig({ testTimeout: 60_000 });

/**
 * A copy in a temporary folder, and a driver whose machines are folders. Disposing stops the runs
 * and deletes the folder, also after a failed test.
 */
export interface TestRig extends AsyncDisposable {
  /** Has two machines of 512 MB, `pc1` and `pc2`, unless a test changes it. */
  copy: CopySpec;
  readonly driver: FileDriver;
  readonly files: StateFiles;
  readonly states: StateStore;
  /** Lines of output so far. */
  readonly output: string[];
  options(more?: Partial<ProvisionOptions>): ProvisionOptions;
  /** Returns options without a fingerprint, which `destroy` does not need. */
  destroyOptions(): Omit<ProvisionOptions, "fingerprint">;
  provision(more?: Partial<ProvisionOptions>): Promise<Provisioned>;
  /** Returns the newest version of the state. */
  state(): Promise<StateReading>;
  stored(): Promise<StoredState>;
  replaceState(text: string, more?: Parameters<typeof replaceState>[3]): Promise<void>;
  /** Leaves nothing but the owner in the state. */
  emptyState(): Promise<void>;
  /** Returns the names of the existing machines. */
  machines(): Promise<string[]>;
  /** Returns the inputs of all destroy steps so far, in order. */
  destroyInputs(): Promise<unknown[]>;
}

export const PC1 = "terraform_data.pc1";
export const PC2 = "terraform_data.pc2";

export const test = base.extend<{ testRig: TestRig }>({
  // oxlint-disable-next-line no-empty-pattern -- Vitest reads the names of the fixtures from it
  testRig: async ({}, use) => {
    await using testRig = await setUpTestRig();
    await use(testRig);
  },
});

export async function setUpTestRig(): Promise<TestRig> {
  const testEnd = new AbortController();
  const runs: Array<Promise<unknown>> = [];
  const folder = await mkdtemp(join(tmpdir(), "vmrig-test-"));
  const testRig: TestRig = {
    copy: {
      rig: "pcs",
      copy: "pcs-1",
      folder,
      cacheFolder: join(folder, "cache"),
      runtimeFolder: join(folder, "run"),
      machines: [machine("pc1"), machine("pc2")],
    },
    driver: fileDriver(),
    files: stateFiles({ folder }),
    states: fileStore({ folder, folderOf: () => stateFiles({ folder }).versions }),
    output: [],
    options: (more = {}) => ({
      driver: testRig.driver,
      copy: testRig.copy,
      fingerprint: FINGERPRINT,
      guard: heldGuard(),
      states: testRig.states,
      by: person("alice"),
      say: (line) => testRig.output.push(line),
      ...more,
    }),
    destroyOptions: () => {
      const { fingerprint: _, ...rest } = testRig.options();
      return rest;
    },
    provision: async (more) => {
      const { guard, ...options } = testRig.options(more);
      const signal = AbortSignal.any([guard.signal, testEnd.signal]);
      const run = provision({ ...options, guard: { ...guard, signal } });
      runs.push(run);
      return await run;
    },
    state: () => readState(testRig.states, testRig.copy),
    stored: async () => {
      const stored = await testRig.states.read(testRig.copy);
      if (stored === undefined) throw new Error("there is no state");
      return stored;
    },
    replaceState: (text, more) => replaceState(testRig.states, testRig.copy, text, more),
    emptyState: async () => testRig.replaceState(withoutMachines((await testRig.stored()).text)),
    machines: async () => {
      const { machines } = await testRig.driver.inspect(testRig.copy);
      return machines.filter(({ power }) => power !== "absent").map(({ name }) => name);
    },
    destroyInputs: async () => {
      const text = await readFile(join(folder, "destroyed"), "utf8").catch(() => "");
      return text
        .split("\n")
        .filter((line) => line !== "")
        .map((line) => JSON.parse(line) as unknown);
    },
    [Symbol.asyncDispose]: async () => {
      testEnd.abort();
      await Promise.allSettled(runs);
      await rm(folder, { recursive: true, force: true });
    },
  };
  return testRig;
}

/** Returns the guard of a lease that is held until the signal aborts. */
export function heldGuard(signal: AbortSignal = new AbortController().signal): LeaseGuard {
  return { fence: 7, signal, assertHeld: () => signal.throwIfAborted() };
}
