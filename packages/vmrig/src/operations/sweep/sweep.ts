import type { Orphan } from "../../driver/orphan.ts";
import { copiesFolder } from "../../config/copy-spec.ts";
import type { SweepOptions } from "./sweep-options.ts";
import { openRunningStore } from "../../gate/store/open-store.ts";
import { strayMachines } from "./stray-machines.ts";
import { strayNotes } from "./stray-notes.ts";
import { strayRuntime } from "./stray-runtime.ts";

/**
 * Finds what runs left behind without an owner: machines and processes, notes, sockets,
 * half-written files. Leased copies are never in the list. Nothing is removed before
 * {@link Orphan.remove}, which checks again.
 */
export async function findLeftovers(options: SweepOptions): Promise<readonly Orphan[]> {
  const { rig, folders } = options;
  await using store = await openRunningStore(rig, folders);
  const found = await Promise.all([
    strayMachines(options, store),
    rig.driver.orphans?.({
      copies: copiesFolder(folders),
      runtime: folders.runtime,
      cache: folders.cache,
    }) ?? [],
    strayNotes(options, store),
    strayRuntime(folders),
  ]);
  return found.flat();
}
