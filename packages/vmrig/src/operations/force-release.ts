import { copyNames, describeCopy } from "../config/copy-spec.ts";
import { VmrigError } from "../errors/vmrig-error.ts";
import { renderCurrentHolder, type CurrentHolder } from "../lease/current-holder.ts";
import type { GateOptions } from "../gate/gate-options.ts";
import { dropRetainedCopy } from "../gate/retained-copy.ts";
import { openRunningStore } from "../gate/open-store.ts";

/**
 * Takes the leases of a rig away from who has them: each by the fence that it was seen with, so
 * that one that was granted since is left alone. Whoever had it finds out at the next renewal; the
 * next in line has it at once.
 *
 * @returns who was cut off
 * @throws VmrigError `CONFIG_INVALID` when several have copies and `only` does not say which;
 *   nobody was cut off
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
      message: `${holders.size} have copies of rig "${rig.name}": say which one is to be taken away.`,
      details: held.map((hold) => `${hold.copy}: ${renderCurrentHolder(hold)}`),
      hint: `vmrig release --force --copy ${held[0]?.copy}`,
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
