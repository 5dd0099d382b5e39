import { homedir } from "node:os";
import { join } from "node:path";

/**
 * Where things lie that can be made again: tools, machine images. The image recipes resolve it the same way.
 *
 * @param {NodeJS.ProcessEnv} env
 */
export function cacheFolder(env) {
  return env["VMRIG_CACHE"] || join(env["XDG_CACHE_HOME"] || join(homedir(), ".cache"), "vmrig");
}
