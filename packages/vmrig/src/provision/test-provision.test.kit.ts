import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test as base, vi } from "vitest";
import type { CopySpec } from "../driver/driver.ts";
import { fileDriver, FINGERPRINT, machine, type FileDriver } from "./file-driver.test.kit.ts";
import { provision, type Provisioned, type ProvisionOptions } from "./provision.ts";
import { stateFiles, type StateFiles } from "./state-files.ts";
import type { LeaseGuard } from "./lease-guard.ts";

// A run takes half a second here, and some seconds on a busy computer.
vi.setConfig({ testTimeout: 60_000 });

/**
 * What the tests of this folder play in: a copy in a temporary folder, and a driver that makes
 * folders.
 */
export interface TestProvision {
  /** Two machines of 512 MB, `pc1` and `pc2`, until a test says otherwise. */
  copy: CopySpec;
  readonly driver: FileDriver;
  readonly files: StateFiles;
  /** Every line that was said. */
  readonly said: string[];
  options(more?: Partial<ProvisionOptions>): ProvisionOptions;
  /** Without a fingerprint, which nobody needs to destroy. */
  toDestroy(): Omit<ProvisionOptions, "fingerprint">;
  provision(more?: Partial<ProvisionOptions>): Promise<Provisioned>;
  /** Names of the machines that exist. */
  machines(): Promise<string[]>;
  /** The input that each destroy step got, in order. */
  destroyed(): Promise<unknown[]>;
}

export const PC1 = "terraform_data.pc1";
export const PC2 = "terraform_data.pc2";

export const test = base.extend<{ scene: TestProvision }>({
  // oxlint-disable-next-line no-empty-pattern -- Vitest reads the names of the fixtures from it
  scene: async ({}, use) => {
    const { scene, strike } = await setScene();
    await use(scene);
    await strike();
  },
});

/**
 * @returns the scene, and what ends its processes and removes its files, also after a test that
 *   failed half-way
 */
export async function setScene(): Promise<{
  readonly scene: TestProvision;
  strike(): Promise<void>;
}> {
  const over = new AbortController();
  const runs: Array<Promise<unknown>> = [];
  const folder = await mkdtemp(join(tmpdir(), "vmrig-test-"));
  const scene: TestProvision = {
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
    said: [],
    options: (more = {}) => ({
      driver: scene.driver,
      copy: scene.copy,
      fingerprint: FINGERPRINT,
      warrant: heldWarrant(),
      say: (line) => scene.said.push(line),
      ...more,
    }),
    toDestroy: () => {
      const { fingerprint: _, ...rest } = scene.options();
      return rest;
    },
    provision: async (more) => {
      const { warrant, ...options } = scene.options(more);
      const signal = AbortSignal.any([warrant.signal, over.signal]);
      const run = provision({ ...options, warrant: { ...warrant, signal } });
      runs.push(run);
      return await run;
    },
    machines: async () => {
      const { machines } = await scene.driver.inspect(scene.copy);
      return machines.filter(({ power }) => power !== "absent").map(({ name }) => name);
    },
    destroyed: async () => {
      const text = await readFile(join(folder, "destroyed"), "utf8").catch(() => "");
      return text
        .split("\n")
        .filter((line) => line !== "")
        .map((line) => JSON.parse(line) as unknown);
    },
  };
  const strike = async (): Promise<void> => {
    over.abort();
    await Promise.allSettled(runs);
    await rm(folder, { recursive: true, force: true });
  };
  return { scene, strike };
}

/** A lease that is held until the signal aborts. */
export function heldWarrant(signal: AbortSignal = new AbortController().signal): LeaseGuard {
  return { fence: 7, signal, assertHeld: () => signal.throwIfAborted() };
}
