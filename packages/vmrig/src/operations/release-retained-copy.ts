import type { RetainedCopy } from "./find-retained-copy.ts";
import type { GateOptions } from "../gate/gate-options.ts";
import { dropRetainedCopy } from "../gate/retained-copy.ts";
import { openStore } from "../gate/open-store.ts";

/**
 * Ends what this user keeps: lets the machines rest and gives the copies to the next in line. What
 * is on them is lost with the next rollback.
 *
 * @returns the copies that were given back; the others had ended meanwhile
 */
export async function releaseRetainedCopy(
  { rig, folders, holder, say }: Pick<GateOptions, "rig" | "folders" | "holder" | "say">,
  found: readonly RetainedCopy[],
): Promise<readonly string[]> {
  await using store = await openStore(rig, folders);
  const { park } = rig.driver;
  const released: string[] = [];
  for (const { copy, kept } of found) {
    const { fence } = kept;
    // By the fence that it was kept with: a machine that somebody else has used since refuses. That
    // it does not rest is no reason to keep it.
    const signal = new AbortController().signal;
    await Promise.allSettled(
      copy.machines.map(async ({ name }) => park?.({ copy, name }, { fence, signal, say })),
    );
    if ((await store.revoke({ rig: rig.name, copy: copy.copy, fence, by: holder })) !== undefined)
      released.push(copy.copy);
    await dropRetainedCopy(copy, kept);
  }
  return released;
}
