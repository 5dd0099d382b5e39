import { toDate } from "../clock/real-time.ts";
import type { SnapshotName } from "../driver/driver.ts";
import type { MachineStatus } from "../driver/inventory.ts";

/** Snapshot of the machine after its first boot, before any preparation. */
export const PRISTINE: SnapshotName = "pristine";

/** A pristine snapshot whose packages were upgraded at a time in UTC: `pristine-20261130-034012`. */
const UPGRADED = /^pristine-(\d{4})(\d\d)(\d\d)-(\d\d)(\d\d)(\d\d)$/;

type Machine = Pick<MachineStatus, "name" | "snapshots">;

/** Returns the pristine snapshots of a machine, oldest first. */
export function pristinesOf({ snapshots }: Machine): SnapshotName[] {
  return snapshots.filter((name) => name === PRISTINE || UPGRADED.test(name)).toSorted();
}

/**
 * Returns the pristine snapshot of each machine that its baselines are prepared from; nothing for a
 * machine without one.
 *
 * An upgrade captures new snapshots beside the old ones, and is done as soon as the first machine
 * has no older one. So a new snapshot counts once it is the oldest one of any machine. However a
 * run is killed, all machines then have the state before the upgrade, or all have the one after it.
 */
export function pristinesInUse(machines: readonly Machine[]): ReadonlyMap<string, SnapshotName> {
  const oldest = new Set(machines.map((machine) => pristinesOf(machine)[0]));
  return new Map(
    machines.flatMap((machine) => {
      const inUse = pristinesOf(machine).findLast((name) => oldest.has(name));
      return inUse === undefined ? [] : [[machine.name, inUse] as const];
    }),
  );
}

/**
 * Returns a name for the next pristine snapshots of the machines. It is later than all others, even
 * if the clock of this computer is behind the one that named them.
 */
export function nextPristine(machines: readonly Machine[], now: number): SnapshotName {
  const times = machines.flatMap(pristinesOf).map((name) => upgradedAt(name) ?? 0);
  const at = Math.max(now, ...times.map((time) => time + 1_000));
  const [date = "", time = ""] = toDate(at).toISOString().split(/[T.]/);
  return `${PRISTINE}-${date.replaceAll("-", "")}-${time.replaceAll(":", "")}`;
}

/** Returns when a pristine snapshot was upgraded, in milliseconds since the epoch. */
export function upgradedAt(pristine: SnapshotName): number | undefined {
  const [, year, month, day, hours, minutes, seconds] = UPGRADED.exec(pristine) ?? [];
  const at = toDate(`${year}-${month}-${day}T${hours}:${minutes}:${seconds}Z`).getTime();
  return Number.isNaN(at) ? undefined : at;
}
