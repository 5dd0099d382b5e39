import { defineConfig } from "vitest/config";
import { vmrigProject } from "vitest-environment-vmrig/plugin";

export default defineConfig({
  test: {
    projects: [vmrigProject({ include: ["test/machines/**/*.test.ts"] })],
  },
});
