import { defineConfig } from "vitest/config";
import { vmrig } from "vitest-environment-vmrig/plugin";

export default defineConfig({
  plugins: [vmrig()],
  test: { pool: "vmThreads", include: ["tests/machines.test.ts"] },
});
