import { systemClock, type Clock } from "../clock/clock.ts";
import { formatElapsed } from "../clock/format-elapsed.ts";
import type { Driver, MachineRef } from "../driver/driver.ts";
import { isVmrigError, VmrigError } from "../errors/vmrig-error.ts";
import { baselineSnapshot } from "./baseline-id.ts";
import { dropSnapshots } from "./drop-snapshots.ts";
import { establishBaseline, type BaselineSource, type Established } from "./establish.ts";
import { guestOf } from "./guest.ts";
import { admission, authority, onEach, type LeasedContext } from "./leased-context.ts";
import { nextPristine, pristinesOf } from "./pristine.ts";
import { settle } from "./settle.ts";
import { upgradeMachine, type MachineUpgrade } from "./upgrade-machine.ts";

export interface RefreshOptions {
  /** Upgrades the packages of one machine that is at its pristine snapshot. */
  readonly upgrade?: (
    context: LeasedContext,
    machine: MachineRef,
    clock: Clock,
  ) => Promise<MachineUpgrade>;
  readonly clock?: Clock;
}

/**
 * Upgrades the packages of the pristine machines, and captures pristine snapshots and baselines
 * again. Does not touch the existing ones until all of the new ones exist: however it ends before,
 * the copy is as it was. Changes nothing when there is nothing to upgrade. Leaves the machines
 * dirty.
 *
 * @throws VmrigError `UPGRADE_FAILED`, `PREPARE_FAILED`, and `CAPABILITY_MISSING` when the driver or
 *   the machine cannot do it
 */
export async function refreshBaseline(
  context: LeasedContext,
  source: BaselineSource,
  present: Established,
  { upgrade = upgradeMachine, clock = systemClock }: RefreshOptions = {},
): Promise<Established> {
  const { driver, copy, say } = context;
  const { power } = requireCalls(driver);
  const started = clock.monotonic();

  // 1. Upgrade the machines, from the pristine snapshots.
  say(`upgrade  ${copy.copy}: upgrading the packages of its pristine machines`);
  const upgrades = await onEach(context, async (machine) => {
    const pristine = present.pristines.get(machine.name);
    if (pristine === undefined) throw new TypeError(`${machine.name} has no pristine snapshot`);
    await driver.restore(machine, pristine, admission(context));
    if (guestOf(driver.guest).system) await settle(context, machine.name);
    return { machine, ...(await upgrade(context, machine, clock)) };
  });
  for (const { machine, kept } of upgrades) {
    if (kept.length === 0) continue;
    const why = `${driver.name} boots a kernel from outside of the machine`;
    say(`upgrade  ${copy.copy} ${machine.name}: ${kept.join(", ")} not upgraded, because ${why}`);
  }
  if (upgrades.every(({ changed }) => changed === 0)) {
    say(`upgrade  ${copy.copy}: nothing to upgrade; the baseline stays as it is`);
    return present;
  }

  // 2. Reboot those that need it: a snapshot keeps the kernel and the programs that run.
  await onEach(context, async (machine) => {
    const because = upgrades.find(({ machine: { name } }) => name === machine.name)?.rebootBecause;
    if (because === undefined || because.length === 0) return;
    say(`boot     ${copy.copy} ${machine.name}: rebooting, because ${because.join("; ")}`);
    try {
      await power(machine, "reboot", admission(context));
      if (guestOf(driver.guest).system) await settle(context, machine.name);
    } catch (error) {
      context.lease.assertHeld();
      throw isVmrigError(error) && error.code === "MACHINE_UNREACHABLE"
        ? notBack(machine, error)
        : error;
    }
  });

  // 3. Capture the new snapshots beside those in use.
  const { machines } = await driver.inspect(copy);
  const next = nextPristine(machines, clock.wall());
  await onEach(context, (machine) => driver.capture(machine, next, authority(context)));
  const pristines = new Map(copy.machines.map(({ name }) => [name, next] as const));
  const established = await establishBaseline(context, source, { rebuild: true, pristines });

  // 4. Use them, from the first deletion on: see `pristinesInUse`.
  const { machines: complete } = await driver.inspect(copy);
  await dropSnapshots(
    context,
    complete,
    (snapshot, machine) => snapshot !== next && pristinesOf(machine).includes(snapshot),
  );
  // Baselines that were prepared from the old snapshots.
  await dropSnapshots(
    context,
    complete,
    (snapshot) =>
      snapshot.startsWith(baselineSnapshot("")) && snapshot !== baselineSnapshot(established.id),
  );
  const numbers = upgrades.map(({ machine: { name }, changed }) => `${name} ${changed}`);
  say(
    `upgrade  ${copy.copy}: packages changed: ${numbers.join(", ")}; done after ${formatElapsed(clock.monotonic() - started)}`,
  );
  return established;
}

function notBack({ copy, name }: MachineRef, cause: VmrigError): VmrigError {
  return new VmrigError("UPGRADE_FAILED", {
    message: `${name} did not boot again after its packages were upgraded.`,
    details: [cause.summary, ...cause.details],
    hint: `nothing has changed: runs of ${copy.copy} still use the baseline from before; see its console with \`vmrig logs ${name}\``,
    cause,
  });
}

/**
 * Checks that the packages of a driver's machines can be upgraded. Call it before acquiring a lease.
 *
 * @throws VmrigError `CAPABILITY_MISSING`
 */
export function requireRefresh(driver: Driver): void {
  if (!guestOf(driver.guest).system)
    throw new VmrigError("CAPABILITY_MISSING", {
      message: `Machines of driver "${driver.name}" have no packages of their own to upgrade.`,
    });
  requireCalls(driver);
}

function requireCalls({ name, power, drop }: Driver): Required<Pick<Driver, "power" | "drop">> {
  if (power !== undefined && drop !== undefined) return { power, drop };
  throw new VmrigError("CAPABILITY_MISSING", {
    message: `The driver "${name}" does not support upgrades of its machines' packages.`,
    details: [
      ...(power === undefined ? ["it cannot reboot a machine"] : []),
      ...(drop === undefined ? ["it cannot delete a snapshot"] : []),
    ],
  });
}
