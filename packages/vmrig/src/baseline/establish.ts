import { systemClock } from "../clock/clock.ts";
import type { SnapshotName } from "../driver/driver.ts";
import type { Inventory } from "../driver/inventory.ts";
import { isVmrigError, VmrigError } from "../errors/vmrig-error.ts";
import { machineAddress } from "../driver/machine-address.ts";
import { baselineId, baselineSnapshot, type BaselineInputs } from "./baseline-id.ts";
import { dropSnapshots } from "./drop-snapshots.ts";
import { guestOf } from "./guest.ts";
import { prepare } from "./prepare.ts";
import { PRISTINE, pristinesInUse, pristinesOf } from "./pristine.ts";
import { settle } from "./settle.ts";
import { admission, authority, onEach, type LeasedContext } from "./leased-context.ts";

/** What goes into a baseline beside the copy and its machines. */
export type BaselineSource = Pick<BaselineInputs, "fingerprint" | "recipes">;

export interface EstablishOptions {
  /** What the driver said since the lease was acquired. @defaultValue it is asked */
  readonly inventory?: Inventory | undefined;
  /** Rebuilds the baseline even when it exists. */
  readonly rebuild?: boolean;
  /**
   * Snapshots to prepare from, by machine name; each machine has its own.
   *
   * @defaultValue those in use
   */
  readonly pristines?: ReadonlyMap<string, SnapshotName>;
}

/** The baseline that all machines of a copy have. */
export interface Established {
  readonly id: string;
  /** Snapshots that it was prepared from, by machine name. */
  readonly pristines: ReadonlyMap<string, SnapshotName>;
  /** Names of the machines that were booted for the first time. */
  readonly booted: readonly string[];
}

/**
 * Makes sure that every machine of the copy has the baseline: boots new machines, captures them as
 * `pristine`, prepares them, and captures the baseline. Does nothing when the baseline exists. All
 * machines take part together, because they know each other. Only a machine that was never captured
 * is booted as it is. The others may be suspended, and are dirty.
 */
export async function establishBaseline(
  context: LeasedContext,
  source: BaselineSource,
  { inventory: known, rebuild = false, pristines: chosen }: EstablishOptions = {},
): Promise<Established> {
  const { driver, copy, say } = context;
  const inventory = known ?? (await driver.inspect(copy));
  refuseUnreadable(context, inventory);
  const inUse = chosen ?? pristinesInUse(ownMachines(context, inventory));
  const fresh = copy.machines.map(({ name }) => name).filter((name) => !inUse.has(name));
  const pristines = new Map([...inUse, ...fresh.map((name) => [name, PRISTINE] as const)]);
  const id = baselineId({ copy, ...source, pristines });
  if (chosen === undefined) await dropUnused(context, inventory, pristines);
  if (!rebuild && whoLacks(context, inventory, baselineSnapshot(id)).length === 0)
    return { id, pristines, booted: [] };
  const started = systemClock.monotonic();
  refuseLostPristine(context, inventory, fresh);
  if (fresh.length === 0 && !rebuild)
    say(`baseline ${copy.copy}: the recipe changed; preparing again from the pristine machines`);
  await onEach(context, async (machine) => {
    const pristine = pristines.get(machine.name) ?? PRISTINE;
    const made = fresh.includes(machine.name);
    if (made) await driver.boot(machine, admission(context));
    else await driver.restore(machine, pristine, admission(context));
    // Also after a restore: a machine boots from its disk when its snapshot's RAM can no longer be
    // loaded.
    if (guestOf(driver.guest).system) await settle(context, machine.name);
    if (made) await driver.capture(machine, pristine, authority(context));
  });
  if (fresh.length > 0)
    say(`boot     ${copy.copy}: ${fresh.join(", ")} up after ${seconds(started)}`);
  const preparing = systemClock.monotonic();
  await prepare(context, id, source.recipes);
  await onEach(context, (machine) =>
    driver.capture(machine, baselineSnapshot(id), authority(context)),
  );
  say(`baseline ${copy.copy}: ${id} is prepared and captured after ${seconds(preparing)}`);
  return { id, pristines, booted: fresh };
}

/** Returns the machines that the copy has by its config. */
function ownMachines({ copy }: LeasedContext, { machines }: Inventory): Inventory["machines"] {
  const names = new Set(copy.machines.map(({ name }) => name));
  return machines.filter(({ name }) => names.has(name));
}

/**
 * Deletes the pristine snapshots that a killed upgrade left. They only take up space, so a failure
 * is no reason to stop a run.
 */
async function dropUnused(
  context: LeasedContext,
  inventory: Inventory,
  inUse: ReadonlyMap<string, SnapshotName>,
): Promise<void> {
  const machines = ownMachines(context, inventory).filter(
    (machine) => pristinesOf(machine).length > 1,
  );
  if (machines.length === 0) return;
  const { copy, say, lease } = context;
  try {
    await dropSnapshots(
      context,
      machines,
      (snapshot, machine) =>
        pristinesOf(machine).includes(snapshot) && snapshot !== inUse.get(machine.name),
    );
    say(`baseline ${copy.copy}: removed the snapshots that an interrupted upgrade left`);
  } catch (error) {
    lease.assertHeld();
    say(
      `baseline ${copy.copy}: could not remove the snapshots that an interrupted upgrade left; ${isVmrigError(error) ? error.summary : String(error)}`,
    );
  }
}

/** Refuses a machine whose snapshots are unknown: it may have been used. */
function refuseUnreadable({ copy, driver }: LeasedContext, { machines }: Inventory): void {
  for (const { name, unreadable } of machines) {
    if (unreadable === undefined) continue;
    throw new VmrigError("STATE_LOST", {
      message: `${name} cannot be read, so vmrig does not know whether it was used.`,
      details: [unreadable],
      hint: `make these files readable, or put them back; or replace the machine: \`vmrig up --copy ${copy.copy} --allow ${machineAddress(driver, name)}\``,
    });
  }
}

/**
 * Refuses a machine that has baselines but no pristine snapshot. The machine was used since it was
 * created, so its present state must not become the pristine one.
 */
function refuseLostPristine(
  { copy }: LeasedContext,
  { machines }: Inventory,
  fresh: readonly string[],
): void {
  const used = machines.find(({ name, snapshots }) => fresh.includes(name) && snapshots.length > 0);
  if (used === undefined) return;
  throw new VmrigError("ROLLBACK_FAILED", {
    message: `${used.name} has no \`${PRISTINE}\` snapshot, so its baseline cannot be rebuilt.`,
    details: [`available: ${used.snapshots.join(", ")}`],
    hint: `replace it: \`vmrig up --copy ${copy.copy} --replace ${used.name}\``,
  });
}

function whoLacks({ copy }: LeasedContext, { machines }: Inventory, snapshot: string): string[] {
  const names = copy.machines.map(({ name }) => name);
  return names.filter(
    (name) => !machines.find((machine) => machine.name === name)?.snapshots.includes(snapshot),
  );
}

function seconds(since: number): string {
  return `${((systemClock.monotonic() - since) / 1000).toFixed(1)} s`;
}
