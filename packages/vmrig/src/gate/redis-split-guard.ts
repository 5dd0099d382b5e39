import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import type { CopySpec } from "../driver/driver.ts";
import { VmrigError } from "../errors/vmrig-error.ts";
import { isRunning } from "../local-files/start-lock.ts";
import { writeJsonAtomically } from "../local-files/write-json.ts";

/** Who has leased a copy, and through which Redis. */
const note = z.object({ store: z.string(), shown: z.string(), pid: z.number() });

/**
 * Two Redises know nothing of each other: of two terminals that lease the same machines of this
 * computer through different ones, both would be told that they have them. So whoever leases a copy
 * whose machines live here writes down through which Redis, beside the machines.
 *
 * The fences of both follow the clock, so that machines would refuse the older holder in any case;
 * this says why, and spares it.
 *
 * @returns takes the note away
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
    isRunning(other.pid)
  ) {
    throw new VmrigError("REDIS_SPLIT", {
      message: `The machines of ${copy} are leased through another Redis, by process ${other.pid}.`,
      details: [`it uses   ${other.shown}`, `this one  ${store.shown}`],
      hint: "use the same Redis everywhere: compare `redis.url`, `redis.urls` and VMRIG_REDIS_URL of both",
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

/** @returns nothing when nobody holds the copy, or the note was cut off */
export async function readLeasedThrough(
  copy: Pick<CopySpec, "folder">,
): Promise<z.infer<typeof note> | undefined> {
  try {
    return note.parse(JSON.parse(await readFile(leasedThroughPath(copy), "utf8")));
  } catch {
    return undefined;
  }
}
