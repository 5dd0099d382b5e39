import { systemClock } from "../clock/clock.ts";
import type { Inventory } from "../driver/inventory.ts";
import { VmrigError } from "../errors/vmrig-error.ts";
import { waitFor } from "../wait/wait-for.ts";
import { machineAddress } from "../driver/machine-address.ts";
import { baselineSnapshot, PRISTINE } from "./baseline-id.ts";
import { readBootState } from "./boot-state.ts";
import { guestOf } from "./guest.ts";
import { login } from "./login.ts";
import { prepare } from "./prepare.ts";
import type { Recipe } from "./recipe.ts";
import { admission, authority, onEach, type LeasedContext } from "./leased-context.ts";

export interface EstablishOptions {
  /** Rebuilds the baseline even when it exists. */
  readonly rebuild?: boolean;
}

/** Longest time from the first possible login to the end of the boot, on an emulated machine. */
const SETTLE_MS = 240_000;

/**
 * Makes sure that every machine of the copy has the baseline: boots new machines, captures them as
 * `pristine`, prepares them, and captures the baseline. Does nothing when the baseline exists. All
 * machines take part together, because they know each other. Only a machine that was never captured
 * is booted as it is. The others may be suspended, and are dirty.
 *
 * @returns whether a machine was booted for the first time
 */
export async function establishBaseline(
  context: LeasedContext,
  id: string,
  recipes: Readonly<Record<string, Recipe>>,
  { rebuild = false }: EstablishOptions = {},
): Promise<{ readonly booted: boolean }> {
  const { driver, copy, say } = context;
  const inventory = await driver.inspect(copy);
  refuseUnreadable(context, inventory);
  if (!rebuild && whoLacks(context, inventory, baselineSnapshot(id)).length === 0)
    return { booted: false };
  const started = systemClock.monotonic();
  const fresh = whoLacks(context, inventory, PRISTINE);
  refuseLostPristine(context, inventory, fresh);
  if (fresh.length === 0 && !rebuild)
    say(`baseline ${copy.copy}: the recipe changed; preparing again from the pristine machines`);
  await onEach(context, async (machine) => {
    const made = fresh.includes(machine.name);
    if (made) await driver.boot(machine, admission(context));
    else await driver.restore(machine, PRISTINE, admission(context));
    // Also after a restore: a machine boots from its disk when its snapshot's RAM can no longer be
    // loaded.
    if (guestOf(driver.guest).system) await settle(context, machine.name);
    if (made) await driver.capture(machine, PRISTINE, authority(context));
  });
  if (fresh.length > 0)
    say(`boot     ${copy.copy}: ${fresh.join(", ")} up after ${seconds(started)}`);
  const preparing = systemClock.monotonic();
  await prepare(context, id, recipes);
  await onEach(context, (machine) =>
    driver.capture(machine, baselineSnapshot(id), authority(context)),
  );
  say(`baseline ${copy.copy}: ${id} is prepared and captured after ${seconds(preparing)}`);
  return { booted: fresh.length > 0 };
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
  { driver }: LeasedContext,
  { machines }: Inventory,
  fresh: readonly string[],
): void {
  const used = machines.find(({ name, snapshots }) => fresh.includes(name) && snapshots.length > 0);
  if (used === undefined) return;
  throw new VmrigError("ROLLBACK_FAILED", {
    message: `${used.name} has no \`${PRISTINE}\` snapshot, so its baseline cannot be rebuilt.`,
    details: [`available: ${used.snapshots.join(", ")}`],
    hint: `replace it: \`vmrig up --allow ${machineAddress(driver, used.name)}\``,
  });
}

function whoLacks({ copy }: LeasedContext, { machines }: Inventory, snapshot: string): string[] {
  const names = copy.machines.map(({ name }) => name);
  return names.filter(
    (name) => !machines.find((machine) => machine.name === name)?.snapshots.includes(snapshot),
  );
}

/**
 * Waits until the boot has finished: a snapshot of a machine that still boots would do the rest of
 * its boot in every test.
 */
async function settle(context: LeasedContext, name: string): Promise<void> {
  await using connection = await login(context, { copy: context.copy, name }, SETTLE_MS);
  const { failed } = await waitFor({
    what: "its boot to finish",
    on: name,
    timeoutMs: SETTLE_MS,
    intervalMs: 1_000,
    code: "MACHINE_UNREACHABLE",
    signal: context.lease.signal,
    probe: (signal) => readBootState(connection, signal),
  });
  if (failed.length > 0)
    context.say(`boot     ${name}: up, but these units failed: ${failed.join(", ")}`);
}

function seconds(since: number): string {
  return `${((systemClock.monotonic() - since) / 1000).toFixed(1)} s`;
}
