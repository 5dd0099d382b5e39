import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import type { CopySpec } from "../driver/driver.ts";
import { writeNote } from "../local-files/write-json.ts";

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
      target: z.object({ host: z.string(), port: z.number(), user: z.string(), hostKey: z.string(), privateKey: z.string() }),
    }),
  ),
});

/** Machines that a run left as they were, and how whoever ran it gets in. Only this user can read it: the key is in it. */
export type Kept = z.infer<typeof kept>;

/** Beside the copy's machines. It outlives the run, and is worth nothing once somebody else has rolled the machines back. */
export async function writeKept({ folder }: CopySpec, value: Kept): Promise<void> {
  await writeNote(keptPath(folder), value);
}

/** @returns nothing when this user left nothing of the copy. Whether its time is over, and whether the lease still stands, is not said */
export async function readKept({ folder }: Pick<CopySpec, "folder">): Promise<Kept | undefined> {
  try {
    return kept.parse(JSON.parse(await readFile(keptPath(folder), "utf8")));
  } catch {
    return undefined; // never written, or cut off
  }
}

/** Takes the note of a lease away; that of a later one stays. */
export async function dropKept(copy: Pick<CopySpec, "folder">, { fence }: Pick<Kept, "fence">): Promise<void> {
  if ((await readKept(copy))?.fence === fence) await rm(keptPath(copy.folder), { force: true });
}

export function keptPath(folder: string): string {
  return join(folder, "kept.json");
}
