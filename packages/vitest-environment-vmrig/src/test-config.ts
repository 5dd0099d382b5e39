import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import type { TestProjectInlineConfiguration } from "vitest/config";
import type { VmrigOptions } from "./options.ts";
import { AS_MANY_AS_COPIES, GROUP } from "./main/limit-workers.ts";

export type TestConfig = NonNullable<TestProjectInlineConfiguration["test"]>;

export function testConfig(user: TestConfig, options: VmrigOptions): TestConfig {
  return {
    environment: here("worker/environment.js"),
    environmentOptions: { vmrig: options },
    globalSetup: [here("main/global-setup.js")],
    setupFiles: [here("worker/setup-file.js")],
    pool: user.pool ?? "forks",
    // A worker that is reused keeps its modules. The rollback isolates the machines.
    isolate: user.isolate ?? false,
    maxWorkers: user.maxWorkers ?? AS_MANY_AS_COPIES,
    maxConcurrency: 1,
    sequence: { groupOrder: user.sequence?.groupOrder ?? GROUP },
    testTimeout: user.testTimeout ?? 60_000,
    hookTimeout: user.hookTimeout ?? 120_000,
    // The stack of a failed command has vmrig's lines, not the test's. A reporter that would find
    // no location gets that of the test.
    includeTaskLocation: user.includeTaskLocation ?? true,
    // Vitest would transform linked packages for each worker, as if they were the project's own
    // sources. It never transforms installed packages.
    server: {
      deps: {
        external: [
          new RegExp(`^${escape(here("."))}`),
          new RegExp(`^${escape(dirname(fileURLToPath(import.meta.resolve("vmrig"))))}`),
        ],
      },
    },
  };
}

function escape(path: string): string {
  return path.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}

export function here(file: string): string {
  return fileURLToPath(new URL(file, import.meta.url));
}
