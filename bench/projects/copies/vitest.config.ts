import { defineConfig } from "vitest/config";
import { vmrig } from "vitest-environment-vmrig/plugin";

export default defineConfig({
  plugins: [vmrig({ config: process.env["VMRIG_BENCH_CONFIG"] ?? "1.vmrig.config.ts" })],
  test: { include: ["tests/*.test.ts"] },
});
