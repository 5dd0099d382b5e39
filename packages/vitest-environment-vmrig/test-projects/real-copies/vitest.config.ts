import { defineConfig } from "vitest/config";
import { vmrig } from "vitest-environment-vmrig/plugin";

export default defineConfig({
  plugins: [vmrig()],
  test: { include: ["tests/*.vm.test.ts"], testTimeout: 240_000 },
});
