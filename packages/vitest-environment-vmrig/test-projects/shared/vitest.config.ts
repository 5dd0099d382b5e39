import { defineConfig } from "vitest/config";
import { vmrigProject } from "vitest-environment-vmrig/plugin";
import { ByName } from "../fake/by-name.ts";

export default defineConfig({
  test: {
    sequence: { sequencer: ByName },
    projects: [
      { test: { name: "unit", include: ["tests/sum.test.ts"] } },
      vmrigProject({ name: "waits", include: ["tests/waits/*.test.ts"] }),
    ],
  },
});
