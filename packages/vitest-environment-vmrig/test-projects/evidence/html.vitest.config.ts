import { join } from "node:path";
import { defineConfig, mergeConfig } from "vitest/config";
import config from "./vitest.config.ts";

/** The report goes to the folder of the run. The command line has no option for that. */
const outputDir = join(process.env["TEST_FOLDER"] ?? ".vitest", "report");

export default mergeConfig(
  config,
  defineConfig({ test: { reporters: ["default", ["html", { outputDir }]] } }),
);
