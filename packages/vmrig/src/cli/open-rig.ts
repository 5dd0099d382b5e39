import { resolve } from "node:path";
import { openFolders, type Folders } from "../config/folders.ts";
import { findConfig, loadConfig } from "../config/load.ts";
import type { ResolvedRig } from "../config/schema.ts";
import type { Surroundings } from "./verb.ts";

export interface OpenedRig {
  readonly rig: ResolvedRig;
  readonly folders: Folders;
}

/** The rig of the config that was named, or that is found from the working folder upwards. */
export async function openRig({ cwd, config, env }: Surroundings): Promise<OpenedRig> {
  const file = config === undefined ? await findConfig(cwd) : resolve(cwd, config);
  const { rig } = await loadConfig(file);
  return { rig, folders: await openFolders(env) };
}
