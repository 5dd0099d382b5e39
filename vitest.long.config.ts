import { defineConfig } from "vitest/config";

/**
 * Suites on real machines that would take `npm test` beyond the limit of CI: `npm run test:long`.
 * Each boots machines of a cloud many times, which takes 5 to 20 minutes emulated.
 */
export default defineConfig({
  test: {
    reporters: ["verbose", "./scripts/closing-line.mjs"],
    expect: { requireAssertions: true },
    include: [
      "packages/*/src/**/*.long.test.ts",
      "infra/**/*.long.test.ts",
      "chaos/**/*.long.test.ts",
    ],
    exclude: ["**/node_modules/**"],
    fileParallelism: false,
    testTimeout: 600_000,
    hookTimeout: 600_000,
  },
});
