import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

/**
 * At least two, also on two cores: Vitest runs a project with one worker after every other, so
 * `machines` would no longer be the last.
 */
const WORKERS = Math.max(2, availableParallelism() - 1);

/**
 * The tests start many hundreds of Node.js processes; each would take the types out of the same
 * sources, and compile them, anew.
 */
const COMPILED = fileURLToPath(new URL("node_modules/.cache/node-compile", import.meta.url));

const MACHINES = "packages/*/src/**/*.machines.test.ts";
/** By themselves, so that all other tests run without a browser. */
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
          include: ["packages/*/src/**/*.test.ts"],
          exclude: [MACHINES, BROWSER],
          maxWorkers: WORKERS,
          // Real Redis, Terraform and sshd on a busy computer; the tests themselves wait for
          // conditions, not for time.
          testTimeout: 30_000,
          hookTimeout: 60_000,
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
          // By itself, after the others: its runs fill the cores, and bounds in time are what it
          // judges by.
          fileParallelism: false,
          sequence: { groupOrder: 500 },
          testTimeout: 300_000,
        },
      },
      {
        extends: true,
        test: {
          name: "machines",
          include: [MACHINES],
          // One file at a time, after all others: real machines fill the cores, and what they share
          // is on purpose. Two at a time took twice as long each, and ran into deadlines that a
          // test has for its own machines.
          fileParallelism: false,
          sequence: { groupOrder: 1000 },
          testTimeout: 300_000,
          hookTimeout: 600_000,
        },
      },
    ],
  },
});
