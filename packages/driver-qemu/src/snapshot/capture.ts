import type { Authority, Driver, MachineRef, SnapshotName } from "vmrig/driver";
import { openControl, withMachine } from "../locked-machine.ts";
import { requireProcess } from "../machine-context.ts";
import { saveSnapshot, type Capture } from "./snapshots.ts";

type StoppedMachine = Omit<Capture, "name">;

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
  const sorted = refs.toSorted((a, b) => a.name.localeCompare(b.name));
  return withStopped({ refs: sorted, authority, stopped: [] }, (machines) =>
    saveAll(machines, snapshot),
  );
};

interface StopOptions {
  readonly refs: readonly MachineRef[];
  readonly authority: Authority;
  /** Machines that are stopped already. */
  readonly stopped: readonly StoppedMachine[];
}

/** Stops the machines one by one, each inside the lock of the one before, and continues them. */
async function withStopped(
  { refs: [ref, ...rest], authority, stopped }: StopOptions,
  act: (machines: readonly StoppedMachine[]) => Promise<void>,
): Promise<void> {
  if (ref === undefined) return await act(stopped);
  await withMachine({ ref, authority }, async (machine) => {
    const { platform } = requireProcess(machine);
    await using qmp = await openControl(machine);
    await qmp.execute("stop");
    try {
      const all = [...stopped, { machine, qmp, platform }];
      await withStopped({ refs: rest, authority, stopped: all }, act);
    } finally {
      await qmp.execute("cont");
    }
  });
}

async function saveAll(machines: readonly StoppedMachine[], name: SnapshotName): Promise<void> {
  const outcomes = await Promise.allSettled(
    machines.map((machine) => saveSnapshot({ ...machine, name })),
  );
  for (const outcome of outcomes) if (outcome.status === "rejected") throw outcome.reason;
}
