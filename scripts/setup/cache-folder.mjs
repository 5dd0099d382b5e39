import { homedir } from "node:os";
import { isAbsolute, join, resolve } from "node:path";

/**
 * Returns the folder of files that can be created again: tools and machine images. The image
 * recipes and vmrig itself resolve it in the same way.
 *
 * @param {NodeJS.ProcessEnv} env
 */
export function cacheFolder(env) {
  const xdg = env["XDG_CACHE_HOME"];
  return resolve(
    env["VMRIG_CACHE"] ||
      join(xdg !== undefined && isAbsolute(xdg) ? xdg : join(homedir(), ".cache"), "vmrig"),
  );
}

/**
 * Returns the environment for tasks that run in another folder: relative paths are resolved against
 * the current folder.
 *
 * @param {NodeJS.ProcessEnv} env
 * @returns {NodeJS.ProcessEnv}
 */
export function fromHere(env) {
  /** @type {NodeJS.ProcessEnv} */
  const same = { ...env };
  for (const name of ["VMRIG_CACHE", "VMRIG_HOME"])
    if (same[name]) same[name] = resolve(same[name]);
  return same;
}
