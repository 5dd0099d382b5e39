import { copiesFolder } from "../../config/copy-spec.ts";
import type { SweepOptions } from "./sweep-options.ts";
import { openRunningStore, openStore } from "../../gate/store/open-store.ts";
import { accountLeftovers } from "./account/account-leftovers.ts";
import type { Leftover } from "./leftover.ts";
import { strayMachines } from "./stray-machines.ts";
import { strayNotes } from "./stray-notes.ts";
import { strayRuntime } from "./stray-runtime.ts";

/**
 * Finds what runs left behind without an owner: machines and processes, notes, sockets,
 * half-written files, resources in the driver's account. Leased copies are never in the list.
 * Nothing is removed before {@link Leftover.remove}, which checks again.
 */
export async function findLeftovers(options: SweepOptions): Promise<readonly Leftover[]> {
  const { rig, folders } = options;
  // A project in a cloud cannot be judged without the leases, running or not.
  const open = rig.driver.account === undefined ? openRunningStore : openStore;
  await using store = await open(rig, folders);
  const found = await Promise.all([
    strayMachines(options, store),
    rig.driver.orphans?.({
      copies: copiesFolder(folders),
      runtime: folders.runtime,
      cache: folders.cache,
    }) ?? [],
    strayNotes(options, store),
    strayRuntime(folders),
    accountLeftovers(options, store),
  ]);
  return found.flat();
}
