import { chmod, mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { CopySpec } from "../driver/driver.ts";
import { VmrigError } from "../errors/vmrig-error.ts";
import { stateFiles, type StateFiles } from "./state-files.ts";

/**
 * Prefix of the folders of plans, one per run. A plan contains the whole configuration in plain
 * text.
 */
export const PLAN_PREFIX = "plan-";

/**
 * Creates the folder of a copy's state, or takes it over from an earlier run. The folder is closed
 * to other users with any umask, and the plan of a killed run is deleted, with its configuration. Call this function
 * under the lease only.
 *
 * @throws VmrigError `STATE_UNWRITABLE`
 */
export async function openStateFolder(
  copy: Pick<CopySpec, "folder" | "copy">,
): Promise<StateFiles> {
  const files = stateFiles(copy);
  try {
    await mkdir(files.folder, { recursive: true, mode: 0o700 });
    await chmod(files.folder, 0o700);
    for (const entry of await readdir(files.folder, { withFileTypes: true })) {
      const path = join(files.folder, entry.name);
      if (entry.name.startsWith(PLAN_PREFIX)) await rm(path, { recursive: true, force: true });
      else if (entry.isFile()) await chmod(path, 0o600);
    }
    await rm(files.configuration, { force: true });
    // cdktf creates only the last folder of the path.
    await mkdir(files.synth, { recursive: true, mode: 0o700 });
    // vmrig's own file: the user's file may point to credentials and mirrors, and every command
    // warns about a missing one.
    await writeFile(files.cliConfig, "disable_checkpoint = true\n", { mode: 0o600 });
  } catch (error) {
    throw new VmrigError("STATE_UNWRITABLE", {
      message: `The Terraform state of "${copy.copy}" cannot be stored in ${files.folder}: ${reason(error)}.`,
      hint: "make this folder writable for your user",
      cause: error,
    });
  }
  return files;
}

function reason(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
