import { defineConfig } from "vitest/config";
import { vmrigProject } from "vitest-environment-vmrig/plugin";
import { ByName } from "../fake/by-name.ts";

const include = ["tests/*.test.ts"];

export default defineConfig({
  test: {
    sequence: { sequencer: ByName },
    projects: [
      vmrigProject({ name: "shared", include }),
      vmrigProject({ name: "isolated", include, isolate: true }),
      vmrigProject({ name: "one-worker", include, maxWorkers: 1, tags: [{ name: "slow" }] }),
    ],
  },
});
