import { VmrigError } from "vmrig";
import type { Plugin, TestProjectInlineConfiguration } from "vitest/config";
import { checkOptions } from "vmrig/runner";
import { VMRIG_OPTIONS, type VmrigOptions } from "./options.ts";
import { type TestConfig, testConfig, here } from "./test-config.ts";

export type { VmrigOptions } from "./options.ts";

/**
 * Vitest plugin for a config, or for one of its projects, whose tests all run on machines:
 * `plugins: [vmrig()]`.
 *
 * Sets the environment, the global setup, the setup file and the options that machines need:
 * processes as workers, one file and one test at a time, longer timeouts. Timeouts, pool and
 * isolation that the config sets itself are left as they are.
 *
 * @throws VmrigError `PLUGIN_MISPLACED` at the root of a config with `projects`, where Vitest would
 *   not apply it to them, and for the pools `vmThreads` and `vmForks`; `CONFIG_INVALID` for an
 *   unknown option
 */
export function vmrig(options: VmrigOptions = {}): Plugin {
  checkOptions("vmrig()", options, VMRIG_OPTIONS, "CONFIG_INVALID");
  return {
    name: "vmrig",
    enforce: "pre",
    config(user) {
      const test: TestConfig = user.test ?? {};
      if ("projects" in test) {
        throw new VmrigError("PLUGIN_MISPLACED", {
          message:
            "The vmrig plugin is at the root of a Vitest config with `projects`, where Vitest applies it to none of them.",
          hint: "remove it, and add a project: projects: [{ test: { … } }, vmrigProject({ include: ['vm/**/*.test.ts'] })]",
        });
      }
      if (test.pool === "vmThreads" || test.pool === "vmForks") {
        throw new VmrigError("PLUGIN_MISPLACED", {
          message: `The vmrig plugin does not work with pool "${test.pool}".`,
          hint: 'use pool: "forks"',
        });
      }
      return { test: testConfig(test, options) };
    },
    resolveId(id, importer) {
      // Only Vitest itself resolves without an importer, to find an environment by its name. A test
      // file gets the package.
      if (id === "vitest-environment-vmrig" && importer === undefined)
        return here("worker/environment.js");
      return undefined;
    },
  };
}

/** Returns an entry of `test.projects` whose tests run on machines. */
export function vmrigProject(
  test: TestConfig = {},
  options: VmrigOptions = {},
): TestProjectInlineConfiguration {
  checkOptions("vmrigProject()", options, VMRIG_OPTIONS, "CONFIG_INVALID");
  return { extends: false, plugins: [vmrig(options)], test: { name: "vm", ...test } };
}
