import { copyNames, copySpec } from "../config/copy-spec.ts";
import type { Folders } from "../config/folders.ts";
import type { ResolvedRig } from "../config/schema.ts";
import type { CopySpec } from "../driver/driver.ts";
import type { StateStore } from "../provision/state/state-store.ts";
import { isCopyName } from "./sweep/account/copy-facts.ts";

/**
 * Returns the copies of a rig that its account and its store have, and that the config no longer
 * asks for. They are still paid for. None without an account.
 */
export async function surplusCopies(
  rig: ResolvedRig,
  {
    folders,
    states,
    signal,
  }: {
    readonly folders: Folders;
    readonly states: StateStore;
    readonly signal: AbortSignal;
  },
): Promise<readonly CopySpec[]> {
  const { resources } = (await rig.driver.account?.list({ signal })) ?? { resources: [] };
  const named = new Set(
    resources.flatMap(({ belongs }) =>
      belongs.to === "copy" && isSurplus(rig, belongs) ? [belongs.copy] : [],
    ),
  );
  const copies: CopySpec[] = [];
  for (const name of [...named].toSorted()) {
    const number = Number(name.slice(rig.name.length + 1));
    // Without a state here, it is one of another team.
    if ((await states.newestVersion({ rig: rig.name, copy: name })) > 0)
      copies.push(await copySpec(rig, number, folders));
  }
  return copies;
}

/** Whether a copy is one of this rig, beyond the number that the config has. */
export function isSurplus(
  rig: ResolvedRig,
  belongs: { readonly rig: string; readonly copy: string },
): boolean {
  return belongs.rig === rig.name && isCopyName(belongs) && !copyNames(rig).includes(belongs.copy);
}
