import { homedir } from "node:os";
import { isAbsolute, join, resolve } from "node:path";

/**
 * Where things lie that can be made again: tools, machine images. The image recipes and vmrig
 * itself resolve it the same way.
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
 * The same environment for tasks that run in another folder: what was meant from here must not be
 * taken from there.
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
