import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { CopySpec } from "../driver/driver.ts";
import { explainWriteErrors } from "../local-files/explain-write-errors.ts";
import type { Folders } from "./folders.ts";
import type { ResolvedRig } from "./schema.ts";

/** Returns the names of the rig's copies, in their order. */
export function copyNames({ name, copies }: ResolvedRig): string[] {
  return Array.from({ length: copies }, (_, index) => `${name}-${index + 1}`);
}

/** Returns all copies of the rig, in their order. */
export async function copySpecs(rig: ResolvedRig, folders: Folders): Promise<CopySpec[]> {
  return Promise.all(copyNames(rig).map((_, index) => copySpec(rig, index + 1, folders)));
}

/** Returns a copy of the rig by number, from 1, and creates its folders. */
export async function copySpec(
  rig: ResolvedRig,
  number: number,
  folders: Folders,
): Promise<CopySpec> {
  const copy = describeCopy(rig, number, folders);
  for (const folder of [copy.folder, copy.runtimeFolder])
    await explainWriteErrors(folder, () => mkdir(folder, { recursive: true, mode: 0o700 }));
  return copy;
}

/** Returns the folder that contains the folders of all copies. */
export function copiesFolder({ state }: Pick<Folders, "state">): string {
  return join(state, "rigs");
}

/**
 * Describes a copy for reading only: creates nothing. Local state is stored per user and rig name:
 * every clone and terminal of a user shares the rig.
 */
export function describeCopy(rig: ResolvedRig, number: number, folders: Folders): CopySpec {
  const copy = `${rig.name}-${number}`;
  return {
    rig: rig.name,
    copy,
    folder: join(copiesFolder(folders), copy),
    runtimeFolder: join(folders.runtime, copy),
    cacheFolder: folders.cache,
    machines: Object.entries(rig.machines).map(([name, { cpus, memoryMb, diskGb }], index) => ({
      name,
      cpus,
      memoryMb,
      diskGb,
      lanAddress: `${rig.driver.lanPrefix ?? "10.77.0"}.${11 + index}`,
    })),
  };
}
