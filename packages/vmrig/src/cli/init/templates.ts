import type { DriverChoice } from "./drivers.ts";

/** Path of the first test on machines in a new project. */
export const FIRST_TEST = "tests/machines/first.test.ts";
const MACHINE_TESTS = "tests/machines/**/*.test.ts";

export function configText(rig: string, { importLine, expression }: DriverChoice): string {
  return `${[importLine, 'import { defineRig } from "vmrig";'].join("\n")}

const rig = defineRig({
  name: "${rig}",
  driver: ${expression},
  machines: {
    pc1: {},
  },
});

// Gives types to the fixtures of the tests: one per machine, with its name.
declare module "vmrig" {
  interface Register {
    rig: typeof rig;
  }
}

export default rig;
`;
}

/** Addition to an existing Vitest config. */
export const VITEST_ADDITION = `import { vmrigProject } from "vitest-environment-vmrig/plugin";

test: {
  projects: [
    { extends: true, test: { name: "unit", exclude: ["tests/machines/**", "**/node_modules/**"] } },
    vmrigProject({ include: ["${MACHINE_TESTS}"] }),
  ],
},
`;

export const VITEST_CONFIG = `import { defineConfig } from "vitest/config";
import { vmrigProject } from "vitest-environment-vmrig/plugin";

export default defineConfig({
  test: {
    projects: [
      { test: { name: "unit", exclude: ["tests/machines/**", "**/node_modules/**"] } },
      vmrigProject({ include: ["${MACHINE_TESTS}"] }),
    ],
  },
});
`;

export const FIRST_TEST_TEXT = `import { expect, test } from "vitest-environment-vmrig";

test("a command runs on the machine", async ({ pc1 }) => {
  const { stdout } = await pc1.$\`echo hello from $(hostname)\`;
  expect(stdout).toBe("hello from pc1");
});

test("a file is written and read", async ({ pc1 }) => {
  await pc1.file("note.txt").write("hello\\n");
  expect(await pc1.file("note.txt").text()).toBe("hello\\n");
});
`;

/** Derives a rig's name from the project's name: `@acme/Sync Tool` becomes `sync-tool`. */
export function rigName(project: string): string {
  const name = project
    .toLowerCase()
    .replace(/^@[^/]*\//, "")
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^[^a-z]+/, "")
    .slice(0, 32)
    .replace(/-+$/, "");
  return name === "" || name === "localhost" ? "rig" : name;
}
