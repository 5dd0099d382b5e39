import type { SnapshotName } from "../driver/driver.ts";
import type { MachineStatus } from "../driver/inventory.ts";
import { authority, onEach, type LeasedContext } from "./leased-context.ts";

/** Deletes the unwanted snapshots of all machines. Does nothing where the driver cannot. */
export async function dropSnapshots(
  context: LeasedContext,
  machines: readonly MachineStatus[],
  isUnwanted: (snapshot: SnapshotName, machine: MachineStatus) => boolean,
): Promise<void> {
  const { drop } = context.driver;
  if (drop === undefined) return;
  await onEach(context, async (ref) => {
    const machine = machines.find(({ name }) => name === ref.name);
    if (machine === undefined) return;
    // One after the other: a driver runs one deletion per machine at a time.
    for (const snapshot of machine.snapshots)
      if (isUnwanted(snapshot, machine)) await drop(ref, snapshot, authority(context));
  });
}
