import type { CopySpec } from "../../driver/driver.ts";
import type { Orphan } from "../../driver/orphan.ts";
import { existingMachines } from "../../provision/compare-machines.ts";
import { unmanagedMachines } from "../../provision/lost-state.ts";
import { hasNativeState } from "../../provision/earlier-run/native-state.ts";
import { stateFiles } from "../../provision/state-files.ts";
import { isEngineRunning } from "../../provision/earlier-run/engine-record.ts";
import { readState } from "../../provision/state.ts";
import type { StateStore } from "../../provision/state/state-store.ts";
import type { LeaseStore } from "../../lease/lease-store.ts";
import { destroyCopy } from "../destroy-rig.ts";
import { folderUse } from "../../local-files/folder-use.ts";
import { openStates } from "../../gate/store/open-states.ts";
import { openStore } from "../../gate/store/open-store.ts";
import { withLease } from "../with-lease.ts";
import { ownCopies } from "./own-copies.ts";
import type { SweepOptions } from "./sweep-options.ts";

/**
 * Finds machines of copies that the config no longer asks for, and machines that are missing from
 * their copy's state.
 */
export async function strayMachines(
  options: SweepOptions,
  store: LeaseStore | undefined,
): Promise<readonly Orphan[]> {
  // Others may use shared machines, with other copies and through another state. A run adopts what
  // is ours.
  if (options.rig.driver.locality === "shared") return [];
  await using states = await openStates(options.rig, options.folders);
  const own = await ownCopies(options.rig, options.folders, store);
  const uses = await Promise.all(own.map(({ copy }) => folderUse(copy.folder)));
  const free = own.filter(({ held }, index) => held === undefined && uses[index] !== "elsewhere");
  const found = await Promise.all(
    free.map(({ copy, surplus }) =>
      surplus ? surplusCopy(options, copy, states) : unmanagedIn(options, copy, states),
    ),
  );
  return found.flat();
}

async function surplusCopy(
  options: SweepOptions,
  copy: CopySpec,
  states: StateStore,
): Promise<readonly Orphan[]> {
  const { rig } = options;
  const [{ state }, inventory] = await Promise.all([
    readState(states, copy),
    rig.driver.inspect(copy),
  ]);
  const names = existingMachines(inventory).map(({ name }) => name);
  if (names.length === 0 && (state === undefined || state.resources.length === 0)) return [];
  return [
    {
      what: `copy ${copy.copy} with ${names.join(", ") || "no machines"} in ${copy.folder}: the config has ${rig.copies === 1 ? "1 copy" : `${rig.copies} copies`} of ${rig.name}`,
      copy: copy.copy,
      async remove() {
        const { destroy } = await import("../../provision/destroy.ts");
        await using store = await openStore(rig, options.folders);
        await using now = await openStates(rig, options.folders);
        const work = { copy, store, states: now, destroy };
        await destroyCopy({ ...atOnce(options), confirm: rig.name }, work);
      },
    },
  ];
}

async function unmanagedIn(
  options: SweepOptions,
  copy: CopySpec,
  states: StateStore,
): Promise<readonly Orphan[]> {
  const { rig, folders, say } = options;
  const look = async (store: StateStore) => {
    // A Terraform that outlived its run may be creating these machines now. The next run saves its
    // state.
    if (await isEngineRunning(stateFiles(copy))) return [];
    const reading = await readState(store, copy);
    // The next run takes over the state file of an earlier version of vmrig.
    if (reading.state === undefined && (await hasNativeState(stateFiles(copy)))) return [];
    const inventory = await rig.driver.inspect(copy);
    return unmanagedMachines({ copy, inventory, ...reading });
  };
  return (await look(states)).map(({ name, what }) => ({
    what: `machine ${what}; in ${copy.folder}`,
    copy: copy.copy,
    async remove() {
      await using store = await openStore(rig, folders);
      await using now = await openStates(rig, folders);
      await withLease({ ...atOnce(options), copy, store }, async (leaseGuard) => {
        if (!(await look(now)).some((machine) => machine.name === name)) return;
        leaseGuard.assertHeld();
        await rig.driver.remove(
          { copy, name },
          { fence: leaseGuard.fence, signal: leaseGuard.signal, say },
        );
      });
    },
  }));
}

/** Does not wait for a lease: a copy that another run has leased by now is no orphan. */
function atOnce(options: SweepOptions): SweepOptions {
  const { rig } = options;
  return { ...options, rig: { ...rig, lease: { ...rig.lease, onBusy: "fail" } } };
}
