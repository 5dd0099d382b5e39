import { mkdir, readdir, readFile, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { stripVTControlCharacters } from "node:util";
import { execa } from "execa";
import { describe, expect } from "vitest";
import { rigSchema } from "../../config/schema.ts";
import { fakeDriver } from "../../driver/fake/driver.ts";
import { VITEST } from "../init/set-up-project.ts";
import { rigName } from "../init/templates.ts";
import { ownVersion } from "../own-version.ts";
import { test, type TestCli } from "../test-cli.test.kit.ts";

const PACKAGES = fileURLToPath(new URL("../../../../", import.meta.url));
const VITEST_FOLDER = dirname(fileURLToPath(import.meta.resolve("vitest/package.json")));

const read = (...path: string[]): Promise<string> => readFile(join(...path), "utf8");

/** Installs the built packages of this workspace, as a package manager would. */
async function install(project: string): Promise<void> {
  const modules = join(project, "node_modules");
  await mkdir(modules);
  await symlink(join(PACKAGES, "vmrig"), join(modules, "vmrig"));
  await symlink(
    join(PACKAGES, "vitest-environment-vmrig"),
    join(modules, "vitest-environment-vmrig"),
  );
  await symlink(VITEST_FOLDER, join(modules, "vitest"));
}

/** Runs `npx vitest run` as a user would, isolated from the run of this test. */
function vitest(cli: TestCli, project: string) {
  return execa(process.execPath, [join(project, "node_modules", "vitest", "vitest.mjs"), "run"], {
    cwd: project,
    env: {
      ...cli.env,
      NO_COLOR: "1",
      VITEST: undefined,
      VITEST_POOL_ID: undefined,
      VITEST_WORKER_ID: undefined,
      NODE_ENV: undefined,
    },
    reject: false,
    all: true,
    timeout: 50_000,
  });
}

describe("an empty folder becomes a project with a green first run", () => {
  test("without a package.json", async ({ cli }) => {
    const project = await cli.folder("Sync Tool");
    const { stdout, exitCode } = await cli.start(["init", "--driver", "fake"], { cwd: project });
    expect({ stdout, exitCode }).toEqual({
      exitCode: 0,
      stdout: [
        "wrote    vmrig.config.ts",
        "wrote    vitest.config.ts",
        "wrote    tests/machines/first.test.ts",
        "wrote    package.json",
        "added    to devDependencies: vitest, vitest-environment-vmrig, vmrig",
        "next     npm install",
        "         npx vmrig doctor",
        "         npx vitest run",
        "",
      ].join("\n"),
    });
    await install(project);
    const run = await vitest(cli, project);
    const output = stripVTControlCharacters(run.all);
    expect(run.exitCode, output).toBe(0);
    expect(output).toMatch(/Tests\s+2 passed/);
  });

  test("in a CommonJS package, without changing its module type", async ({ cli }) => {
    const project = await cli.folder("common");
    await writeFile(
      join(project, "package.json"),
      '{\n\t"name": "@acme/common",\n\t"type": "commonjs",\n\t"devDependencies": { "vmrig": "*" }\n}',
    );
    await writeFile(join(project, "pnpm-lock.yaml"), "");
    const { stdout } = await cli.start(["init", "--driver", "fake"], { cwd: project });
    expect(stdout).toContain("wrote    vmrig.config.mts\nwrote    vitest.config.mts\n");
    expect(stdout).toContain("added    to devDependencies: vitest, vitest-environment-vmrig\n");
    expect(stdout).toContain("next     pnpm install\n         pnpm exec vmrig doctor\n");
    expect(await read(project, "package.json")).toBe(
      `${JSON.stringify(
        {
          name: "@acme/common",
          type: "commonjs",
          devDependencies: {
            vitest: VITEST,
            "vitest-environment-vmrig": `^${await ownVersion()}`,
            vmrig: "*",
          },
        },
        undefined,
        "\t",
      )}\n`,
    );
    await install(project);
    const run = await vitest(cli, project);
    expect(run.exitCode, stripVTControlCharacters(run.all)).toBe(0);
  });
});

test("existing files are listed and not changed, and the addition to an existing Vitest config is printed", async ({
  cli,
}) => {
  const project = await cli.folder("full");
  const files = {
    "vmrig.config.js": "export default 1;",
    "vite.config.ts": "export default 2;",
    "package.json": '{ "type": "module" }',
  };
  for (const [name, text] of Object.entries(files)) await writeFile(join(project, name), text);
  await mkdir(join(project, "tests", "machines"), { recursive: true });
  await writeFile(join(project, "tests", "machines", "first.test.ts"), "mine");

  const { stdout } = await cli.start(["init"], { cwd: project });

  for (const path of ["vmrig.config.js", "vite.config.ts", "tests/machines/first.test.ts"]) {
    expect(stdout).toContain(`exists   ${path}, not changed\n`);
  }
  expect(stdout).toContain("add      to vite.config.ts");
  expect(stdout).toContain('vmrigProject({ include: ["tests/machines/**/*.test.ts"] })');
  expect(await read(project, "vmrig.config.js")).toBe("export default 1;");
  expect(await read(project, "tests", "machines", "first.test.ts")).toBe("mine");
  expect((await readdir(project)).toSorted()).toEqual([
    "package.json",
    "tests",
    "vite.config.ts",
    "vmrig.config.js",
  ]);
});

test("a second run writes and changes nothing", async ({ cli }) => {
  const project = await cli.folder("twice");
  await cli.start(["init"], { cwd: project });
  const before = await read(project, "package.json");
  const { stdout, exitCode } = await cli.start(["init"], { cwd: project });
  expect(exitCode).toBe(0);
  expect(stdout).not.toMatch(/^(wrote|added)/m);
  expect(await read(project, "package.json")).toBe(before);
  expect(JSON.parse(before)).toMatchObject({
    type: "module",
    devDependencies: { "@vmrig/driver-qemu": `^${await ownVersion()}` },
  });
});

test("an invalid package.json stops init before it writes anything", async ({ cli }) => {
  const project = await cli.folder("broken");
  await writeFile(join(project, "package.json"), "{");
  const { stderr, exitCode } = await cli.start(["init"], { cwd: project });
  expect(exitCode).toBe(2);
  expect(stderr).toContain(`${join(project, "package.json")} could not be read: `);
  expect(await readdir(project)).toEqual(["package.json"]);
});

test("an unknown driver is rejected with the list of known drivers", async ({ cli }) => {
  const { stderr, exitCode } = await cli.start(["init", "--driver", "quemu"]);
  expect(exitCode).toBe(2);
  expect(stderr).toBe('vmrig init has no driver "quemu".\n  available: qemu, fake\n');
});

test.for([
  ["@acme/Sync Tool", "sync-tool"],
  ["2fast", "fast"],
  ["日本", "rig"],
  ["localhost", "rig"],
  ["a".repeat(31) + "-b", "a".repeat(31)],
])("a project called %s has the rig %s, which is a valid name", ([project, rig]) => {
  expect(rigName(project ?? "")).toBe(rig);
  expect(rigSchema.parse({ name: rig, driver: fakeDriver(), machines: { pc1: {} } }).name).toBe(
    rig,
  );
});

test("the Vitest version of a new project satisfies the environment's peer dependency", async () => {
  const { peerDependencies } = JSON.parse(
    await read(PACKAGES, "vitest-environment-vmrig", "package.json"),
  ) as {
    peerDependencies: Record<string, string>;
  };
  expect(peerDependencies["vitest"]?.split(" || ")).toContain(VITEST);
});
