import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import type { CopySpec } from "../../driver/driver.ts";
import { VmrigError } from "../../errors/vmrig-error.ts";
import { claimFolder } from "../../local-files/folder-claim.ts";
import { processIdentity } from "../../local-files/identity-schema.ts";
import { identifyProcess, processState } from "../../local-files/process-identity.ts";
import { writeJsonAtomically } from "../../local-files/atomic-write.ts";

/** Note of the process that has leased a copy, and of the Redis that it leased the copy through. */
const note = z.object({ store: z.string(), shown: z.string(), ...processIdentity.shape });

/**
 * Reserves a leased copy whose machines live on this computer.
 *
 * Two Redises know nothing of each other, so both would grant the lease. Therefore the run writes
 * the address of its Redis beside the machines. The fences of both Redises follow the clock, so the
 * machines would refuse the older holder anyway; this guard reports the reason, and prevents the
 * conflict. Two containers that share the folder do not see each other's processes, whichever Redis
 * they use: the run claims the folder for its PID namespace.
 *
 * @returns a function that removes the note and ends the claim of this process
 * @throws VmrigError `REDIS_SPLIT` while a living process holds the copy through another Redis,
 *   `HOME_SHARED` while its machines are in use in another container, `STATE_UNWRITABLE`
 */
export async function guardCopy(
  { copy, folder }: CopySpec,
  store: { readonly id: string; readonly shown: string },
): Promise<() => Promise<void>> {
  const claim = await claimFolder(folder, { what: `the machines of ${copy}` });
  try {
    const me = await identifyProcess(process.pid);
    await refuseOtherRedis({ copy, folder }, store);
    await writeJsonAtomically(leasedThroughPath({ folder }), {
      store: store.id,
      shown: store.shown,
      ...me,
    });
    return async () => {
      using _claim = claim;
      const written = await readLeasedThrough({ folder });
      if (written?.pid === me.pid && written.startTime === me.startTime)
        await rm(leasedThroughPath({ folder }), { force: true });
    };
  } catch (error) {
    claim[Symbol.dispose]();
    throw error;
  }
}

async function refuseOtherRedis(
  { copy, folder }: Pick<CopySpec, "copy" | "folder">,
  store: { readonly id: string; readonly shown: string },
): Promise<void> {
  const other = await readLeasedThrough({ folder });
  if (other === undefined || other.store === store.id || other.pid === process.pid) return;
  // A process of another namespace has ended: the claim proved it.
  if ((await processState(other)) !== "running") return;
  throw new VmrigError("REDIS_SPLIT", {
    message: `Process ${other.pid} leases the machines of ${copy} through a different Redis.`,
    details: [`other process: ${other.shown}`, `this process: ${store.shown}`],
    hint: "set the same Redis for both: `redis.url` or `redis.urls` in the config, or VMRIG_REDIS_URL",
  });
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
