import { resolve } from "node:path";
import type { TestProject } from "vitest/node";
import { asVmrigError, findConfig, toErrorJson } from "vmrig/runner";
import { shareGate } from "./gates.ts";
import type { VmrigOptions } from "../options.ts";
import type {} from "../provided.ts";
import { askedWorkers, limitWorkers } from "./limit-workers.ts";

/**
 * Starts the gate without waiting for the gate to be ready. Nothing is leased here: `vitest list`,
 * a `-t` without matches and a run of unit tests alone lease no machine.
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
    const provide = (): void =>
      project.provide("vmrig", { socket: gate.socket, pause: gate.pause });
    provide();
    project.onTestsRerun(async (files) => {
      // A rejection here would end the watcher, unit tests included. The workers that claim
      // machines report why there are none.
      await gate.begin(files).catch(() => {});
      provide();
    });
    limitWorkers(config, Math.min(asked ?? Infinity, await gate.copies()));
    return () => gate.leave();
  } catch (error) {
    // A throw here would stop all projects, unit tests included. The machine tests report the error
    // instead.
    project.provide("vmrig", { error: toErrorJson(asVmrigError(error)) });
    return async () => {};
  }
}
