import { chmod, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { asInput, recipeSteps } from "./recipe-script.ts";
import { EMPTY_RECIPE } from "./recipe.ts";
import { runShell, SHELLS } from "./shell.test.kit.ts";
import { tempFolder } from "../local-files/temp-folder.test.kit.ts";

/**
 * Creates a PATH with stand-ins that log their calls, and without this computer's package managers.
 */
async function machineWith(
  programs: Readonly<Record<string, string>>,
): Promise<{ folder: string; log: () => Promise<string[]> }> {
  const folder = await tempFolder();
  const log = join(folder, "log");
  await writeFile(log, "");
  for (const [name, does] of Object.entries(programs)) {
    await writeFile(join(folder, name), `#!/bin/sh\necho "${name} $*" >> ${log}\n${does}\n`);
    await chmod(join(folder, name), 0o755);
  }
  return {
    folder,
    log: async () => (await readFile(log, "utf8")).split("\n").filter((line) => line !== ""),
  };
}

const [install] = recipeSteps({ ...EMPTY_RECIPE, packages: ["rsync", "g++"] });

test("a recipe's steps are in order: packages, files, commands; each step has a description", () => {
  const steps = recipeSteps({
    ...EMPTY_RECIPE,
    packages: ["rsync", "curl"],
    files: [
      { path: "/b", content: "", mode: "0644", owner: "root" },
      { path: "/a", content: "", mode: "0644", owner: "root" },
    ],
    run: ["systemctl enable x", "true"],
  });
  expect(steps.map(({ what }) => what)).toEqual([
    "install rsync curl",
    "write /b",
    "write /a",
    "systemctl enable x",
    "true",
  ]);
  expect(recipeSteps(EMPTY_RECIPE)).toEqual([]);
});

test.each([
  ["apt-get", ["apt-get update -q", "apt-get install -yq --no-install-recommends rsync g++"]],
  ["dnf", ["dnf install -y rsync g++"]],
  ["apk", ["apk add rsync g++"]],
  ["zypper", ["zypper --non-interactive install rsync g++"]],
])("installs with %s where the machine has it", async (program, calls) => {
  const { folder, log } = await machineWith({ [program]: "" });
  const { exitCode } = await runShell(["/bin/sh", "-eu", "-s"], {
    cwd: folder,
    path: folder,
    input: asInput(install?.script ?? ""),
  });
  expect(exitCode).toBe(0);
  expect(await log()).toEqual(calls);
});

test("reports that the machine has no supported package manager", async () => {
  const { folder } = await machineWith({});
  const { exitCode, stderr } = await runShell(["/bin/sh", "-eu", "-s"], {
    cwd: folder,
    path: folder,
    input: asInput(install?.script ?? ""),
  });
  expect([exitCode, stderr.toString()]).toEqual([
    1,
    "this machine has none of apt-get, dnf, apk and zypper\n",
  ]);
});

test("does not install after a failed update of the package lists", async () => {
  const { folder, log } = await machineWith({ "apt-get": '[ "$1" != update ] || exit 100' });
  const { exitCode } = await runShell(["/bin/sh", "-eu", "-s"], {
    cwd: folder,
    path: folder,
    input: asInput(install?.script ?? ""),
  });
  expect(exitCode).toBe(100);
  expect(await log()).toEqual(["apt-get update -q"]);
});

test.each(SHELLS)("no command reads the rest of the script as its input, in %s", async (shell) => {
  const { stdout } = await runShell([shell, "-eu", "-s"], {
    cwd: await tempFolder(),
    input: asInput("cat\necho first\nread -r x || echo nothing to read"),
  });
  expect(stdout.toString()).toBe("first\nnothing to read\n");
});

test.each(SHELLS)("the first command that fails ends the script, in %s", async (shell) => {
  const { stdout, exitCode } = await runShell([shell, "-eu", "-s"], {
    cwd: await tempFolder(),
    input: asInput("echo one\n(exit 42)\necho two"),
  });
  expect([stdout.toString(), exitCode]).toEqual(["one\n", 42]);
});

test.each(SHELLS)("a script that arrives in part does not run in part, in %s", async (shell) => {
  const cut = asInput("echo one\necho two").slice(0, -20);
  const { stdout, exitCode } = await runShell([shell, "-eu", "-s"], {
    cwd: await tempFolder(),
    input: cut,
  });
  expect(stdout.toString()).toBe("");
  expect(exitCode).not.toBe(0);
});

test.each(SHELLS)(
  "a command may have here-documents, comments and several lines, in %s",
  async (shell) => {
    const [step] = recipeSteps({
      ...EMPTY_RECIPE,
      run: [
        "cat <<'END' # why\n'quoted' $HOME\nEND\nif true; then\n  echo done # so\nfi # the end",
      ],
    });
    const { stdout, exitCode } = await runShell([shell, "-eu", "-s"], {
      cwd: await tempFolder(),
      input: asInput(step?.script ?? ""),
    });
    expect([stdout.toString(), exitCode]).toEqual(["'quoted' $HOME\ndone\n", 0]);
  },
);
