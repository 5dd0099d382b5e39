import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

/**
 * At least two, even on two cores: Vitest runs a project with one worker after every other project,
 * so `machines` would no longer be the last one.
 */
const WORKERS = Math.max(2, availableParallelism() - 1);

/**
 * Cache of compiled sources. The tests start many hundreds of Node.js processes, and without the
 * cache each one would strip the types from the same sources and compile them again.
 */
const COMPILED = fileURLToPath(new URL("node_modules/.cache/node-compile", import.meta.url));

const MACHINES = [
  "packages/*/src/**/*.machines.test.ts",
  "infra/**/*.machines.test.ts",
  "chaos/**/*.machines.test.ts",
];
/** Suites of `vitest.long.config.ts`. */
const LONG = [
  "packages/*/src/**/*.long.test.ts",
  "infra/**/*.long.test.ts",
  "chaos/**/*.long.test.ts",
];
/** What synthesises stacks, and applies them with Terraform. */
const PROVISIONING = ["synthesize", "provision", "destroy"].map(
  (name) => `packages/vmrig/src/provision/${name}.test.ts`,
);
/** Tests in a separate project, so that all other tests run without a browser. */
const BROWSER = "packages/*/src/**/*.browser.test.ts";

export default defineConfig({
  test: {
    reporters: [
      "default",
      ...(process.env["GITHUB_ACTIONS"] === "true" ? ["github-actions"] : []),
      "./scripts/closing-line.mjs",
    ],
    expect: { requireAssertions: true },
    env: { NODE_COMPILE_CACHE: COMPILED },
    projects: [
      {
        extends: true,
        test: {
          name: "packages",
          include: ["packages/*/src/**/*.test.ts", "infra/**/*.test.ts"],
          // Through a link in there, a package would be tested once more.
          exclude: [...MACHINES, ...LONG, BROWSER, "**/node_modules/**"],
          maxWorkers: WORKERS,
          // For real Redis, Terraform and sshd on a busy computer. The tests themselves wait for
          // conditions, not for a fixed time.
          testTimeout: 30_000,
          hookTimeout: 60_000,
        },
      },
      {
        extends: true,
        // The maintained fork of cdktf, with the same source code.
        resolve: { alias: { cdktf: "cdktn" } },
        test: {
          name: "cdktn",
          include: PROVISIONING,
          maxWorkers: WORKERS,
          testTimeout: 30_000,
        },
      },
      {
        extends: true,
        test: {
          name: "scripts",
          include: ["scripts/**/*.test.mjs"],
          maxWorkers: WORKERS,
          testTimeout: 30_000,
        },
      },
      {
        extends: true,
        test: {
          name: "browser",
          include: [BROWSER],
          maxWorkers: WORKERS,
          testTimeout: 120_000,
          hookTimeout: 60_000,
        },
      },
      {
        extends: true,
        test: {
          name: "chaos",
          include: ["chaos/**/*.test.ts"],
          exclude: [...MACHINES, ...LONG, "**/node_modules/**"],
          // Alone, after the other projects: its runs use all cores, and it judges time limits.
          fileParallelism: false,
          sequence: { groupOrder: 500 },
          testTimeout: 300_000,
        },
      },
      {
        extends: true,
        test: {
          name: "machines",
          include: MACHINES,
          // One file at a time, after all other projects: real machines use all cores, and the
          // files share machines on purpose. Two files at a time took twice as long each, and ran
          // into the deadlines that a test has for its own machines.
          fileParallelism: false,
          sequence: { groupOrder: 1000 },
          testTimeout: 300_000,
          hookTimeout: 600_000,
        },
      },
    ],
  },
});
