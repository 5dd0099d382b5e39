import type { SetUp } from "../init/set-up-project.ts";
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
    const [{ setUpProject }, { findDriver }] = await Promise.all([
      import("../init/set-up-project.ts"),
      import("../init/drivers.ts"),
    ]);
    const driver = findDriver(options.driver ?? "qemu");
    print(report(await setUpProject(cwd, driver, await ownVersion())));
  },
});

function report({
  written,
  kept,
  added,
  vitestAddition,
  packageManager: { install, run },
}: SetUp): string {
  return `${[
    ...written.map((path) => `wrote    ${path}`),
    ...kept.map((path) => `exists   ${path}, not changed`),
    ...(added.length === 0 ? [] : [`added    to devDependencies: ${added.join(", ")}`]),
    ...(vitestAddition === undefined
      ? []
      : [
          `add      to ${vitestAddition.path}, unless it is there already:`,
          "",
          vitestAddition.text.replace(/^(?=.)/gm, " ".repeat(11)),
        ]),
    `next     ${install}`,
    `         ${run("vmrig", "doctor")}`,
    `         ${run("vitest", "run")}`,
  ].join("\n")}\n`;
}
