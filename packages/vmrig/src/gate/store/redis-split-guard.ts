import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import type { CopySpec } from "../../driver/driver.ts";
import { VmrigError } from "../../errors/vmrig-error.ts";
import { isProcessRunning } from "../../local-files/process-identity.ts";
import { writeJsonAtomically } from "../../local-files/atomic-write.ts";

/** Note of the process that has leased a copy, and of the Redis that it leased the copy through. */
const note = z.object({ store: z.string(), shown: z.string(), pid: z.number() });

/**
 * Guards against two runs that lease the same machines of this computer through different Redises.
 * Two Redises know nothing of each other, so both would grant the lease. Therefore a run that
 * leases a copy whose machines live here writes the address of its Redis beside the machines. The
 * fences of both Redises follow the clock, so the machines would refuse the older holder anyway;
 * this guard reports the reason, and prevents the conflict.
 *
 * @returns a function that removes the note
 * @throws VmrigError `REDIS_SPLIT` while a living process holds the copy through another Redis,
 *   `STATE_UNWRITABLE`
 */
export async function guardAgainstSplitRedis(
  { copy, folder }: CopySpec,
  store: { readonly id: string; readonly shown: string },
): Promise<() => Promise<void>> {
  const path = leasedThroughPath({ folder });
  const other = await readLeasedThrough({ folder });
  if (
    other !== undefined &&
    other.store !== store.id &&
    other.pid !== process.pid &&
    isProcessRunning(other.pid)
  ) {
    throw new VmrigError("REDIS_SPLIT", {
      message: `Process ${other.pid} leases the machines of ${copy} through a different Redis.`,
      details: [`other process: ${other.shown}`, `this process: ${store.shown}`],
      hint: "set the same Redis for both: `redis.url` or `redis.urls` in the config, or VMRIG_REDIS_URL",
    });
  }
  await writeJsonAtomically(path, { store: store.id, shown: store.shown, pid: process.pid });
  return async () => {
    if ((await readLeasedThrough({ folder }))?.pid === process.pid) await rm(path, { force: true });
  };
}

export function leasedThroughPath({ folder }: Pick<CopySpec, "folder">): string {
  return join(folder, "leased-through.json");
}

/**
 * Reads the note of a copy.
 *
 * @returns nothing when no process has leased the copy, or the note was truncated
 */
export async function readLeasedThrough(
  copy: Pick<CopySpec, "folder">,
): Promise<z.infer<typeof note> | undefined> {
  try {
    return note.parse(JSON.parse(await readFile(leasedThroughPath(copy), "utf8")));
  } catch {
    return undefined;
  }
}
