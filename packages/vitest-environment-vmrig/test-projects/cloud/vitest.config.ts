import { defineConfig } from "vitest/config";
import { vmrigProject } from "vitest-environment-vmrig/plugin";
import { ByName } from "../fake/by-name.ts";

export default defineConfig({
  test: {
    sequence: { sequencer: ByName },
    // On an emulated machine.
    projects: [vmrigProject({ include: ["tests/**/*.test.ts"], testTimeout: 120_000 })],
  },
});
