import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";
import { vmrigProject } from "vitest-environment-vmrig/plugin";

// The Vitest config of every example, except for the config of the machines.
export default defineConfig({
  test: {
    projects: [
      { test: { name: "unit", include: ["test/unit/**/*.test.ts"] } },
      vmrigProject(
        { include: ["test/machines/**/*.test.ts"] },
        { config: fileURLToPath(new URL("vmrig.config.ts", import.meta.url)) },
      ),
    ],
  },
});
