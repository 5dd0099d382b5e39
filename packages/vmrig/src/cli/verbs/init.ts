import { VmrigError } from "../../errors/vmrig-error.ts";
import { DRIVERS, type DriverChoice } from "../init/drivers.ts";
import { setUpProject, type SetUp } from "../init/set-up-project.ts";
import { VITEST_ADDITION } from "../init/templates.ts";
import { closestFirst } from "../closest-name.ts";
import { ownVersion } from "../own-version.ts";
import { defineVerb } from "../verb.ts";

export const init = defineVerb({
  name: "init",
  summary: "creates a vmrig config, a Vitest config and a first test in this project",
  details: [
    "Overwrites nothing and installs nothing. Lists existing files and the commands to run next.",
  ],
  operands: [],
  options: {
    driver: {
      type: "string",
      value: "NAME",
      help: "qemu (default); or fake, to try vmrig out: its commands run on this computer",
    },
  },
  async run({ cwd, print }, { options }) {
    const setUp = await setUpProject(
      cwd,
      driverNamed(options.driver ?? "qemu"),
      await ownVersion(),
    );
    print(report(setUp));
  },
});

function driverNamed(name: string): DriverChoice {
  const driver = Object.hasOwn(DRIVERS, name) ? DRIVERS[name] : undefined;
  if (driver !== undefined) return driver;
  throw new VmrigError("CONFIG_INVALID", {
    message: `vmrig init has no driver "${name}".`,
    details: [`available: ${closestFirst(name, Object.keys(DRIVERS)).join(", ")}`],
  });
}

function report({
  written,
  kept,
  added,
  vitestConfig,
  packageManager: { install, run },
}: SetUp): string {
  const addition = VITEST_ADDITION.split("\n").map((line) =>
    line === "" ? line : `           ${line}`,
  );
  return `${[
    ...written.map((path) => `wrote    ${path}`),
    ...kept.map((path) => `exists   ${path}, not changed`),
    ...(added.length === 0 ? [] : [`added    to devDependencies: ${added.join(", ")}`]),
    ...(vitestConfig === undefined
      ? []
      : [`add      to ${vitestConfig}, unless it is there already:`, "", ...addition]),
    `next     ${install}`,
    `         ${run} vmrig doctor`,
    `         ${run} vitest run`,
  ].join("\n")}\n`;
}
