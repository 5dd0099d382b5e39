import { mkdir, readdir, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type { DriverChoice } from "./drivers.ts";
import { readPackageJson, withDevDependencies } from "./package-json.ts";
import { findPackageManager, type PackageManager } from "./package-manager.ts";
import {
  configText,
  FIRST_TEST,
  FIRST_TEST_TEXT,
  rigName,
  VITEST_ADDITION,
  VITEST_CONFIG,
} from "./templates.ts";

/**
 * Vitest version of a new project: the oldest on which every feature of vitest-environment-vmrig
 * works.
 */
export const VITEST = "^5.0.0";

export interface SetUp {
  /** Paths of the written files, relative to the project's folder. */
  readonly written: readonly string[];
  /** Paths of existing files, which were not changed. */
  readonly kept: readonly string[];
  /** Text to add by hand to an existing Vitest config. */
  readonly vitestAddition?: { readonly path: string; readonly text: string };
  /** Development dependencies added to package.json. */
  readonly added: readonly string[];
  readonly packageManager: PackageManager;
}

const CONFIGS = /^vmrig\.config\.m?[tj]s$/;
/**
 * Vitest prefers its own config to Vite's: a new Vitest config would hide an existing Vite config.
 */
const VITEST_CONFIGS = /^(vitest|vite)\.config\.[cm]?[tj]s$/;

/**
 * Writes the missing files of a first test on machines. Overwrites and runs nothing.
 */
export async function setUpProject(
  project: string,
  driver: DriverChoice,
  version: string,
): Promise<SetUp> {
  const found = await readPackageJson(join(project, "package.json"));
  const packageManager = await findPackageManager(project);
  const existing = await readdir(project);
  // In a CommonJS package, Node.js reads only a file with this extension as a module.
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
    existing.find((name) => CONFIGS.test(name)),
  );
  const vitestConfig = existing.find((name) => VITEST_CONFIGS.test(name));
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
    ...(vitestConfig !== undefined && {
      vitestAddition: { path: vitestConfig, text: VITEST_ADDITION },
    }),
  };
}

/** @returns false if the file exists already */
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
