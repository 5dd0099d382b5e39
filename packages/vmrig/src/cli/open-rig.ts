import { resolve } from "node:path";
import type { Folders } from "../config/folders.ts";
import type { ResolvedRig } from "../config/schema.ts";
import type { VerbContext } from "./verb.ts";

export interface OpenedRig {
  readonly rig: ResolvedRig;
  readonly folders: Folders;
}

/** Opens the rig of the named config, or of the config in the working folder or a parent folder. */
export async function openRig({ cwd, config, env }: VerbContext): Promise<OpenedRig> {
  // Loaded late: `--help` and `--version` must not wait for them.
  const [{ findConfig, loadConfig }, { openFolders }] = await Promise.all([
    import("../config/load.ts"),
    import("../config/folders.ts"),
  ]);
  const file = config === undefined ? await findConfig(cwd) : resolve(cwd, config);
  const { rig } = await loadConfig(file);
  return { rig, folders: await openFolders(env) };
}
