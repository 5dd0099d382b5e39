import { defineConfig } from "vitest/config";
import { vmrigProject } from "vitest-environment-vmrig/plugin";

export default defineConfig({
  test: {
    projects: [
      { test: { name: "unit", include: ["test/unit/**/*.test.ts"] } },
      vmrigProject({ include: ["test/machines/**/*.test.ts"] }),
    ],
  },
});
