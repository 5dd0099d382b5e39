import { resolve } from "node:path";
import type { TestProject } from "vitest/node";
import { asVmrigError, findConfig, toErrorJson } from "vmrig/runner";
import { shareGate } from "./gates.ts";
import type { VmrigOptions } from "./options.ts";
import type {} from "./provided.ts";
import { askedWorkers, limitWorkers } from "./workers.ts";

/**
 * TestStartState the gate and does not wait for it. Nothing is leased here: `vitest list`, a `-t`
 * without hits and a run of unit tests alone take no machine.
 */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const { config } = project;
  const asked = askedWorkers(config);
  limitWorkers(config, 1);
  project.provide("vmrigAttachments", config.attachmentsDir);
  const options = (config.environmentOptions["vmrig"] ?? {}) as VmrigOptions;
  try {
    const file =
      options.config === undefined
        ? await findConfig(config.root)
        : resolve(config.root, options.config);
    const gate = await shareGate(project, file, asked);
    const tell = (): void => project.provide("vmrig", { socket: gate.socket, pause: gate.pause });
    tell();
    project.onTestsRerun(async (files) => {
      // A rejection here would end the watcher, unit tests and all. Whoever claims machines is told
      // why there are none.
      await gate.begin(files).catch(() => {});
      tell();
    });
    limitWorkers(config, Math.min(asked ?? Infinity, await gate.copies()));
    return () => gate.leave();
  } catch (error) {
    // A throw here would stop all projects, unit tests too. The machine tests fail with it instead.
    project.provide("vmrig", { error: toErrorJson(asVmrigError(error)) });
    return async () => {};
  }
}
