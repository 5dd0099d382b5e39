import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { aptInstall } from "./apt.mjs";
import { installAdvice, packagesFor, programs } from "./programs.mjs";
import { backportsFor, hasTrustedQemu, withRelease } from "./qemu.mjs";
import { SetupError } from "./setup-error.mjs";
import { systemFamily, which } from "./system.mjs";

/**
 * @typedef {{ cache: string, env: NodeJS.ProcessEnv, tests: boolean, say:
 *   import("./setup.mjs").Say }} Context
 */

/**
 * Finds the programs that are needed beside Node, and installs the missing ones when it may: as
 * root on Debian and related systems.
 *
 * @param {Context} context
 * @returns {Promise<SetupError | undefined>} the programs to install by hand
 */
export async function ensureSystemPackages(context) {
  const { cache, env, tests } = context;
  const family = await systemFamily();
  const missing = programs(process.arch).filter(
    (need) =>
      (tests || !need.tests) && (need.only ?? family) === family && find(need, env) === undefined,
  );
  if (family === "debian" && process.getuid?.() === 0) {
    await installOnDebian(missing, context);
    return undefined;
  }
  const hasImage = existsSync(join(cache, "images", "debian-13"));
  const needed = missing.filter((need) => !(need.image && hasImage));
  return needed.length === 0
    ? undefined
    : new SetupError("Programs that vmrig needs are not installed.", installAdvice(needed, family));
}

/**
 * @param {readonly import("./programs.mjs").Need[]} missing
 * @param {Context} context
 */
async function installOnDebian(missing, { env, say }) {
  const backports = backportsFor(await readFile("/etc/os-release", "utf8"));
  const emulator = programs(process.arch).filter((need) => need.commands[0]?.startsWith("qemu-"));
  if (backports !== undefined && !(await areTrusted(emulator, env))) {
    const packages = packagesFor(emulator, "debian");
    say(
      "debian",
      `installing ${packages.join(", ")} from ${backports}: emulated machines crash with the release's own QEMU`,
    );
    await withRelease(backports, env, (options) => aptInstall(packages, env, options));
  }
  const packages = packagesFor(
    missing.filter((need) => find(need, env) === undefined),
    "debian",
  );
  if (packages.length === 0) return;
  say("debian", `installing ${packages.join(", ")}`);
  await aptInstall(packages, env);
}

/**
 * @param {readonly import("./programs.mjs").Need[]} emulator
 * @param {NodeJS.ProcessEnv} env
 */
async function areTrusted(emulator, env) {
  for (const need of emulator) {
    const file = find(need, env);
    if (file === undefined || !(await hasTrustedQemu(file, env))) return false;
  }
  return true;
}

/**
 * @param {import("./programs.mjs").Need} need
 * @param {NodeJS.ProcessEnv} env
 */
function find(need, env) {
  return need.commands
    .map((command) => which(command, env["PATH"] ?? ""))
    .find((file) => file !== undefined);
}
