import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { quietly } from "./quiet.mjs";
import { manifests } from "./workspace.mjs";

const STAMP = "node_modules/.vmrig-installed";

/**
 * Installs the dependencies of the lockfile, unless the last installation used exactly these files.
 *
 * @param {{ root: string, env: NodeJS.ProcessEnv, say: import("./setup.mjs").Say }} context
 */
export async function installDependencies({ root, env, say }) {
  const stamp = await dependencyStamp(root);
  if (await isInstalled(root, stamp)) return;
  say("pnpm", "installing dependencies");
  await quietly(
    "pnpm install",
    ["pnpm", "install", "--frozen-lockfile", "--config.confirmModulesPurge=false"],
    { cwd: root, env },
  );
  await writeFile(join(root, STAMP), stamp);
}

/**
 * @param {string} root
 * @returns {Promise<string>} a hash of all files that determine the installation
 */
export async function dependencyStamp(root) {
  const hash = createHash("sha256");
  for (const file of ["pnpm-lock.yaml", "pnpm-workspace.yaml", ...(await manifests(root))]) {
    const text = await readFile(join(root, file));
    hash.update(`${file}\0${text.length}\0`).update(text);
  }
  return hash.digest("hex");
}

/**
 * @param {string} root
 * @param {string} stamp
 */
export async function isInstalled(root, stamp) {
  const last = await readFile(join(root, STAMP), "utf8").catch(() => undefined);
  if (last !== stamp) return false;
  const files = await manifests(root);
  const needed = await Promise.all(files.map((file) => hasDependencies(join(root, file))));
  return files.every(
    (file, index) => !needed[index] || existsSync(join(root, dirname(file), "node_modules")),
  );
}

/** @param {string} file */
async function hasDependencies(file) {
  const manifest = /** @type {Record<string, object | undefined>} */ (
    JSON.parse(await readFile(file, "utf8"))
  );
  return ["dependencies", "devDependencies"].some(
    (field) => Object.keys(manifest[field] ?? {}).length > 0,
  );
}
