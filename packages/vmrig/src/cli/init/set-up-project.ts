import { mkdir, readdir, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type { DriverChoice } from "./drivers.ts";
import { readPackageJson, withDevDependencies } from "./package-json.ts";
import { findPackageManager, type PackageManager } from "./package-manager.ts";
import { configText, FIRST_TEST, FIRST_TEST_TEXT, rigName, VITEST_CONFIG } from "./templates.ts";

/**
 * The oldest Vitest of which every function of vitest-environment-vmrig works; what a new project
 * gets.
 */
export const VITEST = "^5.0.0";

export interface SetUp {
  /** Paths of what was written, from the project's folder. */
  readonly written: readonly string[];
  /** Paths of what was there already, and was left as it is. */
  readonly kept: readonly string[];
  /** The Vitest config that was there, and needs an addition. */
  readonly vitestConfig?: string;
  /** Development dependencies that package.json got. */
  readonly added: readonly string[];
  readonly packageManager: PackageManager;
}

const CONFIGS = /^vmrig\.config\.m?[tj]s$/;
/** Vitest takes its own config before Vite's: a new one would hide what the other says. */
const VITEST_CONFIGS = /^(vitest|vite)\.config\.[cm]?[tj]s$/;

/**
 * Writes what a project lacks for a first test on machines. Nothing that exists is overwritten.
 * Runs nothing.
 */
export async function setUpProject(
  project: string,
  driver: DriverChoice,
  version: string,
): Promise<SetUp> {
  const found = await readPackageJson(join(project, "package.json"));
  const packageManager = await findPackageManager(project, found?.value.packageManager);
  const there = await readdir(project);
  // In a package of CommonJS only this ending makes Node.js read it as a module.
  const ending = found !== undefined && found.value.type !== "module" ? "mts" : "ts";
  const rig = rigName(found?.value.name ?? basename(project));
  const written: string[] = [];
  const kept: string[] = [];

  const put = async (path: string, text: string, existing?: string): Promise<void> => {
    if (existing === undefined && (await writeNew(join(project, path), text))) written.push(path);
    else kept.push(existing ?? path);
  };
  await put(
    `vmrig.config.${ending}`,
    configText(rig, driver),
    there.find((name) => CONFIGS.test(name)),
  );
  const vitestConfig = there.find((name) => VITEST_CONFIGS.test(name));
  await put(`vitest.config.${ending}`, VITEST_CONFIG, vitestConfig);
  await put(FIRST_TEST, FIRST_TEST_TEXT);

  const dependencies = {
    ...(driver.dependency !== undefined && { [driver.dependency]: `^${version}` }),
    vitest: VITEST,
    "vitest-environment-vmrig": `^${version}`,
    vmrig: `^${version}`,
  };
  const before = found ?? {
    text: "",
    value: { name: rig, private: true, type: "module", scripts: { test: "vitest run" } },
  };
  const { text, added } = withDevDependencies(before, dependencies);
  if (added.length > 0) await writeFile(join(project, "package.json"), text);
  if (found === undefined) written.push("package.json");
  return {
    written,
    kept,
    added,
    packageManager,
    ...(vitestConfig !== undefined && { vitestConfig }),
  };
}

/** @returns false when there is a file already */
async function writeNew(path: string, text: string): Promise<boolean> {
  await mkdir(dirname(path), { recursive: true });
  return writeFile(path, text, { flag: "wx" }).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code === "EEXIST") return false;
      throw error;
    },
  );
}
