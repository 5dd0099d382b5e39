import { defineConfig } from "vitest/config";
import { vmrigProject } from "vitest-environment-vmrig/plugin";
import { ByName } from "./by-name.ts";

export default defineConfig({
  test: {
    sequence: { sequencer: ByName },
    projects: [
      { test: { name: "unit", include: ["tests/unit/*.test.ts"] } },
      vmrigProject({ name: "per-file", include: ["tests/{per-file,exclusive}/*.test.ts"] }),
      vmrigProject(
        { name: "per-run", include: ["tests/per-run/*.test.ts"] },
        { config: "per-run.vmrig.config.ts" },
      ),
      vmrigProject(
        { name: "per-test", include: ["tests/per-test/*.test.ts"] },
        { config: "per-test.vmrig.config.ts" },
      ),
      vmrigProject({ name: "twin", include: ["tests/exclusive/*.test.ts"] }),
      vmrigProject(
        { name: "others", include: ["tests/others/*.test.ts"] },
        { config: "others.vmrig.config.ts" },
      ),
      vmrigProject({ name: "failing", include: ["tests/failing/*.test.ts"] }),
      vmrigProject({ name: "once", include: ["tests/once/*.test.ts"] }),
      vmrigProject({ name: "once-fails", include: ["tests/once-fails/*.test.ts"] }),
      vmrigProject(
        { name: "once-alone", include: ["tests/once-alone/*.test.ts"] },
        { config: "alone.vmrig.config.ts" },
      ),
      vmrigProject(
        { name: "strict", include: ["tests/strict/*.test.ts"] },
        { config: "strict.vmrig.config.ts" },
      ),
      vmrigProject({ name: "fake-timers", include: ["tests/fake-timers/during.test.ts"] }),
      vmrigProject({
        name: "fake-timers-early",
        include: ["tests/fake-timers/early.test.ts"],
        setupFiles: ["tests/fake-timers/use-fake-timers.ts"],
      }),
      vmrigProject({ name: "options", include: ["tests/options/*.test.ts"] }),
      vmrigProject({ name: "matchers", include: ["tests/matchers/*.test.ts"] }),
    ],
  },
});
