import type { Authority, Driver, MachineRef, SnapshotName } from "vmrig/driver";
import { acting, control } from "../power/control.ts";
import { findRunning } from "../find-machine.ts";
import type { MachineDefinition, QemuRun } from "../machine-files.ts";
import type { Qmp } from "../qmp/qmp.ts";
import { saveSnapshot } from "./snapshots.ts";

interface Stopped {
  readonly machine: MachineDefinition;
  readonly run: QemuRun;
  readonly qmp: Qmp;
}

/**
 * Stops all machines, saves all, then continues all. No machine runs between the first stop and the
 * last save.
 */
export const captureTogether: NonNullable<Driver["captureTogether"]> = (
  refs,
  snapshot,
  authority,
) => {
  // Locks in a fixed order, so that two captures cannot wait for each other.
  const inOrder = refs.toSorted((a, b) => a.name.localeCompare(b.name));
  return stopped(inOrder, [], authority, (machines) => saveAll(machines, snapshot));
};

async function stopped(
  [first, ...rest]: readonly MachineRef[],
  before: readonly Stopped[],
  authority: Authority,
  work: (machines: readonly Stopped[]) => Promise<void>,
): Promise<void> {
  if (first === undefined) return await work(before);
  await acting(first, authority, async () => {
    const found = await findRunning(first);
    await using qmp = await control(found.machine, authority);
    await qmp.execute("stop");
    try {
      await stopped(rest, [...before, { ...found, qmp }], authority, work);
    } finally {
      await qmp.execute("cont");
    }
  });
}

async function saveAll(machines: readonly Stopped[], snapshot: SnapshotName): Promise<void> {
  const outcomes = await Promise.allSettled(
    machines.map(({ qmp, machine, run }) => saveSnapshot(qmp, machine, snapshot, run.platform)),
  );
  for (const outcome of outcomes) if (outcome.status === "rejected") throw outcome.reason;
}
