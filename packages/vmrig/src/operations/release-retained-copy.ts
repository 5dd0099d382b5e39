import type { RetainedCopy } from "./find-retained-copy.ts";
import type { GateOptions } from "../gate/gate-options.ts";
import { dropRetainedCopy } from "../gate/copies/retained-copy.ts";
import { openStore } from "../gate/store/open-store.ts";

/**
 * Ends the retention of this user's copies: suspends the machines and releases the copies to the
 * next run in the queue. The next rollback deletes everything on the machines.
 *
 * @returns the copies that were released; the others had ended meanwhile
 */
export async function releaseRetainedCopy(
  { rig, folders, holder, say }: Pick<GateOptions, "rig" | "folders" | "holder" | "say">,
  found: readonly RetainedCopy[],
): Promise<readonly string[]> {
  await using store = await openStore(rig, folders);
  const { park } = rig.driver;
  const released: string[] = [];
  for (const { copy, retained } of found) {
    const { fence } = retained;
    // Uses the fence that the copy was retained with: a machine that another run has used since
    // refuses it. A machine that cannot be suspended is no reason to retain the copy.
    const signal = new AbortController().signal;
    await Promise.allSettled(
      copy.machines.map(async ({ name }) => park?.({ copy, name }, { fence, signal, say })),
    );
    if ((await store.revoke({ rig: rig.name, copy: copy.copy, fence, by: holder })) !== undefined)
      released.push(copy.copy);
    await dropRetainedCopy(copy, retained);
  }
  return released;
}
