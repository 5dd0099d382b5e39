import { defineConfig } from "vitest/config";
import { vmrigProject } from "vitest-environment-vmrig/plugin";

const include = ["tests/machines.test.ts"];

export default defineConfig({
  test: {
    projects: [
      { test: { name: "unit", include: ["tests/sum.test.ts"] } },
      { test: { name: "without-plugin", include } },
      vmrigProject({ name: "no-config", include }),
      vmrigProject({ name: "wrong-path", include }, { config: "moved.vmrig.config.ts" }),
      vmrigProject({ name: "invalid", include }, { config: "invalid.vmrig.config.ts" }),
      vmrigProject({ name: "throws", include }, { config: "throws.vmrig.config.ts" }),
    ],
  },
});
