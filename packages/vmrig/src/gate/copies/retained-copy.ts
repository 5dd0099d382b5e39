import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { machineAccess } from "../../baseline/machine-access.ts";
import type { CopySpec } from "../../driver/driver.ts";
import { writeJsonAtomically } from "../../local-files/atomic-write.ts";

const retainedCopyNote = z.object({
  copy: z.string(),
  fence: z.number(),
  /** Milliseconds since the epoch. */
  until: z.number(),
  why: z.string(),
  /** The lease still belongs to the run, which waits meanwhile. */
  paused: z.boolean().exactOptional(),
  machines: z.array(machineAccess),
});

/**
 * Note of a copy that a run left as it was, with the credentials of its user. Only this user can
 * read the note, because it has a private key in it.
 */
export type RetainedCopyNote = z.infer<typeof retainedCopyNote>;

/**
 * Writes the note beside the copy's machines. The note outlives the run. It is worthless as soon as
 * another run has rolled the machines back.
 */
export async function writeRetainedCopy(
  { folder }: CopySpec,
  value: RetainedCopyNote,
): Promise<void> {
  await writeJsonAtomically(retainedCopyPath(folder), value);
}

/**
 * Reads the note of a retained copy.
 *
 * @returns nothing when this user retained nothing of the copy. Does not check whether the time is
 *   over, or whether the lease still exists
 */
export async function readRetainedCopy({
  folder,
}: Pick<CopySpec, "folder">): Promise<RetainedCopyNote | undefined> {
  try {
    return retainedCopyNote.parse(JSON.parse(await readFile(retainedCopyPath(folder), "utf8")));
  } catch {
    return undefined; // never written, or cut off
  }
}

/** Removes the note of a lease. The note of a later lease stays. */
export async function dropRetainedCopy(
  copy: Pick<CopySpec, "folder">,
  { fence }: Pick<RetainedCopyNote, "fence">,
): Promise<void> {
  if ((await readRetainedCopy(copy))?.fence === fence)
    await rm(retainedCopyPath(copy.folder), { force: true });
}

export function retainedCopyPath(folder: string): string {
  return join(folder, "retained.json");
}
