import { defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";
import { vmrigProject } from "vitest-environment-vmrig/plugin";

class ByName extends BaseSequencer {
  override sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    return Promise.resolve(files.toSorted((a, b) => a.moduleId.localeCompare(b.moduleId)));
  }
}

export default defineConfig({
  test: {
    sequence: { sequencer: ByName },
    projects: [
      { test: { name: "unit", include: ["tests/*.unit.test.ts"] } },
      vmrigProject({ include: ["tests/*.vm.test.ts"] }),
    ],
  },
});
