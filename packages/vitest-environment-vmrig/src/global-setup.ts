import { resolve } from "node:path";
import type { TestProject } from "vitest/node";
import { asVmrigError, findConfig, spawnGate, toErrorJson } from "vmrig/runner";
import type { VmrigOptions } from "./options.ts";
import type {} from "./provided.ts";
import { takeOverSignals } from "./signals.ts";

/**
 * Starts the gate and does not wait for it. Nothing is leased here: `vitest list`, a `-t` without hits and a run of unit tests alone take no
 * machine.
 */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const { vitest, config } = project;
  // One copy, one worker. Here it beats `--maxWorkers`, which would let two files at the same machines.
  config.maxWorkers = 1;
  const say = (line: string): void => vitest.logger.log(` vmrig  ${line}`);
  const options = (config.environmentOptions["vmrig"] ?? {}) as VmrigOptions;
  try {
    const file = options.config === undefined ? await findConfig(config.root) : resolve(config.root, options.config);
    const gate = await spawnGate({
      config: file,
      onLine: say,
      onDeath: (how) => say(`gate     ended unexpectedly (${how})`),
    });
    project.provide("vmrig", { socket: gate.socket });
    const giveBackSignals = takeOverSignals(vitest);
    return async () => {
      giveBackSignals();
      await gate.close();
    };
  } catch (error) {
    // A throw here would stop all projects, unit tests too. The machine tests fail with it instead.
    project.provide("vmrig", { error: toErrorJson(asVmrigError(error)) });
    return async () => {};
  }
}
