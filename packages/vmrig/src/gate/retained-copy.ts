import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import type { CopySpec } from "../driver/driver.ts";
import { writeJsonAtomically } from "../local-files/write-json.ts";

const kept = z.object({
  copy: z.string(),
  fence: z.number(),
  /** Milliseconds since the epoch. */
  until: z.number(),
  why: z.string(),
  /** The lease is still that of the run, which waits meanwhile. */
  paused: z.boolean().exactOptional(),
  machines: z.array(
    z.object({
      name: z.string(),
      lanAddress: z.string(),
      target: z.object({
        host: z.string(),
        port: z.number(),
        user: z.string(),
        hostKey: z.string(),
        privateKey: z.string(),
      }),
    }),
  ),
});

/**
 * Machines that a run left as they were, and how whoever ran it gets in. Only this user can read
 * it: the key is in it.
 */
export type RetainedCopyNote = z.infer<typeof kept>;

/**
 * Beside the copy's machines. It outlives the run, and is worth nothing once somebody else has
 * rolled the machines back.
 */
export async function writeRetainedCopy(
  { folder }: CopySpec,
  value: RetainedCopyNote,
): Promise<void> {
  await writeJsonAtomically(retainedCopyPath(folder), value);
}

/**
 * @returns nothing when this user left nothing of the copy. Whether its time is over, and whether
 *   the lease still stands, is not said
 */
export async function readRetainedCopy({
  folder,
}: Pick<CopySpec, "folder">): Promise<RetainedCopyNote | undefined> {
  try {
    return kept.parse(JSON.parse(await readFile(retainedCopyPath(folder), "utf8")));
  } catch {
    return undefined; // never written, or cut off
  }
}

/** Takes the note of a lease away; that of a later one stays. */
export async function dropRetainedCopy(
  copy: Pick<CopySpec, "folder">,
  { fence }: Pick<RetainedCopyNote, "fence">,
): Promise<void> {
  if ((await readRetainedCopy(copy))?.fence === fence)
    await rm(retainedCopyPath(copy.folder), { force: true });
}

export function retainedCopyPath(folder: string): string {
  return join(folder, "kept.json");
}
