import type { CopySpec } from "../../driver/driver.ts";
import type { Orphan } from "../../driver/orphan.ts";
import { readApplyRecord } from "../../provision/apply-record.ts";
import { existingMachines } from "../../provision/compare-machines.ts";
import { unmanagedMachines } from "../../provision/lost-state.ts";
import { stateFiles } from "../../provision/state-files.ts";
import { isStateLocked } from "../../provision/state-stamp.ts";
import { isStateEmpty, readState } from "../../provision/state.ts";
import type { LeaseStore } from "../../lease/lease-store.ts";
import { destroyCopy } from "../destroy-rig.ts";
import { folderUse } from "../../local-files/folder-use.ts";
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
  const own = await ownCopies(options.rig, options.folders, store);
  const uses = await Promise.all(own.map(({ copy }) => folderUse(copy.folder)));
  const free = own.filter(({ held }, index) => held === undefined && uses[index] !== "elsewhere");
  const found = await Promise.all(
    free.map(({ copy, surplus }) =>
      surplus ? surplusCopy(options, copy) : unmanagedIn(options, copy),
    ),
  );
  return found.flat();
}

async function surplusCopy(options: SweepOptions, copy: CopySpec): Promise<readonly Orphan[]> {
  const { rig } = options;
  const [state, inventory] = await Promise.all([
    readState(stateFiles(copy).state),
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
        await destroyCopy({ ...atOnce(options), confirm: rig.name }, { copy, store, destroy });
      },
    },
  ];
}

async function unmanagedIn(options: SweepOptions, copy: CopySpec): Promise<readonly Orphan[]> {
  const { rig, folders, say } = options;
  const look = async () => {
    // A Terraform that outlived its run may be creating these machines now. It writes them to the
    // state when it ends.
    if (await isStateLocked(copy)) return [];
    const files = stateFiles(copy);
    return unmanagedMachines({
      copy,
      state: await readState(files.state),
      empty: await isStateEmpty(files.state),
      inventory: await rig.driver.inspect(copy),
      last: await readApplyRecord(files),
    });
  };
  return (await look()).map(({ name, what }) => ({
    what: `machine ${what}; in ${copy.folder}`,
    copy: copy.copy,
    async remove() {
      await using store = await openStore(rig, folders);
      await withLease({ ...atOnce(options), copy, store }, async (leaseGuard) => {
        if (!(await look()).some((machine) => machine.name === name)) return;
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
