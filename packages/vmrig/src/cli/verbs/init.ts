import { VmrigError } from "../../errors/vmrig-error.ts";
import { DRIVERS, type DriverChoice } from "../init/drivers.ts";
import { setUpProject, type SetUp } from "../init/set-up-project.ts";
import { VITEST_ADDITION } from "../init/templates.ts";
import { closestFirst } from "../closest-name.ts";
import { ownVersion } from "../own-version.ts";
import { defineVerb } from "../verb.ts";

export const init = defineVerb({
  name: "init",
  summary: "writes a config, a Vitest config and a first test for this project",
  details: [
    "Overwrites nothing and installs nothing: it names what is there, and the commands that come next.",
  ],
  operands: [],
  options: {
    driver: {
      type: "string",
      value: "NAME",
      help: "qemu, the default; or fake, for trying out: its commands run on this computer",
    },
  },
  async run({ cwd, answer }, { options }) {
    const setUp = await setUpProject(
      cwd,
      driverNamed(options.driver ?? "qemu"),
      await ownVersion(),
    );
    answer(tell(setUp));
  },
});

function driverNamed(name: string): DriverChoice {
  const driver = Object.hasOwn(DRIVERS, name) ? DRIVERS[name] : undefined;
  if (driver !== undefined) return driver;
  throw new VmrigError("CONFIG_INVALID", {
    message: `vmrig init knows no driver "${name}".`,
    details: [`it knows: ${closestFirst(name, Object.keys(DRIVERS)).join(", ")}`],
  });
}

function tell({
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
    ...kept.map((path) => `exists   ${path}, left as it is`),
    ...(added.length === 0 ? [] : [`added    to devDependencies: ${added.join(", ")}`]),
    ...(vitestConfig === undefined
      ? []
      : [`add      to ${vitestConfig}, unless it is there:`, "", ...addition]),
    `next     ${install}`,
    `         ${run} vmrig doctor`,
    `         ${run} vitest run`,
  ].join("\n")}\n`;
}
