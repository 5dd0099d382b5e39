import { copyNames, describeCopy } from "../config/copy-spec.ts";
import { VmrigError } from "../errors/vmrig-error.ts";
import { renderCurrentHolder, type CurrentHolder } from "../lease/current-holder.ts";
import type { GateOptions } from "../gate/gate-options.ts";
import { dropRetainedCopy } from "../gate/copies/retained-copy.ts";
import { openRunningStore } from "../gate/store/open-store.ts";

/**
 * Takes the leases of a rig away from their holders. Each lease is released by the fence that it
 * was seen with, so that a lease granted since stays. A holder notices the loss at its next
 * renewal. The next run in the queue gets the copy immediately.
 *
 * @returns the former holders
 * @throws VmrigError `CONFIG_INVALID` when several have copies and `only` does not name one; no
 *   lease was released
 */
export async function forceRelease({
  rig,
  folders,
  holder,
  only,
}: Pick<GateOptions, "rig" | "folders" | "holder"> & {
  readonly only?: string | undefined;
}): Promise<readonly CurrentHolder[]> {
  await using store = await openRunningStore(rig, folders);
  if (store === undefined) return [];
  const copies = copyNames(rig);
  const view = await store.view({ rig: rig.name, copies });
  const held = view.copies.flatMap(({ copy, held: hold }) =>
    hold !== undefined && (only ?? copy) === copy ? [hold] : [],
  );
  const holders = new Set(
    held.map(({ holder: { who, host, session } }) => JSON.stringify([who, host, session])),
  );
  if (holders.size > 1) {
    throw new VmrigError("CONFIG_INVALID", {
      message: `${holders.size} holders have copies of rig "${rig.name}": name the copy to release.`,
      details: held.map((hold) => `${hold.copy}: ${renderCurrentHolder(hold)}`),
      hint: `run \`vmrig release --force --copy ${held[0]?.copy}\``,
    });
  }
  const cut: CurrentHolder[] = [];
  for (const { copy, fence } of held) {
    const hold = await store.revoke({ rig: rig.name, copy, fence, by: holder });
    if (hold !== undefined) cut.push(hold);
    await dropRetainedCopy(describeCopy(rig, copies.indexOf(copy) + 1, folders), { fence });
  }
  return cut;
}
