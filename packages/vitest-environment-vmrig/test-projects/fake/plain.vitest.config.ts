import { defineConfig } from "vitest/config";
import { vmrig } from "vitest-environment-vmrig/plugin";
import { ByName } from "./by-name.ts";

export default defineConfig({
  plugins: [vmrig()],
  test: {
    include: ["tests/{plain,exclusive}/*.test.ts"],
    pool: "threads",
    isolate: true,
    testTimeout: 12_345,
    sequence: { sequencer: ByName },
  },
});
