import { existsSync } from "node:fs";
import { join } from "node:path";
import { aptInstall } from "./apt.mjs";
import { installAdvice, packagesFor, programs } from "./programs.mjs";
import { SetupError } from "./setup-error.mjs";
import { systemFamily, which } from "./system.mjs";

/**
 * Looks for the programs that run beside Node, and installs the missing ones where it may: as root on Debian and its family.
 *
 * @param {{ cache: string, env: NodeJS.ProcessEnv, say: import("./setup.mjs").Say }} context
 * @returns {Promise<SetupError | undefined>} what a person has to install
 */
export async function ensureSystemPackages({ cache, env, say }) {
  const family = await systemFamily();
  const path = env["PATH"] ?? "";
  const missing = programs(process.arch).filter((need) => !need.commands.some((command) => which(command, path) !== undefined));
  if (family === "debian" && process.getuid?.() === 0 && missing.length > 0) {
    const packages = packagesFor(missing, family);
    say("debian", `installing ${packages.join(", ")}`);
    await aptInstall(packages, env);
    return undefined;
  }
  const hasImage = existsSync(join(cache, "images", "debian-13"));
  const needed = missing.filter((need) => !(need.image && hasImage));
  return needed.length === 0 ? undefined : new SetupError("Programs that vmrig needs are not installed.", installAdvice(needed, family));
}
