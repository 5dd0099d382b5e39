import { copySpecs } from "../config/copy-spec.ts";
import type { ResolvedRig } from "../config/schema.ts";
import type { CopySpec, Driver } from "../driver/driver.ts";
import type { MachineStatus } from "../driver/inventory.ts";
import { VmrigError } from "../errors/vmrig-error.ts";
import type { GateOptions } from "../gate/gate-options.ts";
import { openStore } from "../gate/store/open-store.ts";
import type { LeaseGuard } from "../provision/lease-guard.ts";
import { withLease } from "./with-lease.ts";

export interface StopRigOptions extends Pick<
  GateOptions,
  "rig" | "folders" | "holder" | "say" | "only"
> {
  /** Leaves the queue when it aborts. */
  readonly signal: AbortSignal;
}

/** Machines that were stopped in one copy. */
export interface StoppedCopy {
  readonly copy: string;
  /** Machines that ran or were paused. The others were off already. */
  readonly machines: readonly string[];
}

/**
 * Stops the machines of each copy, under the copy's lease. Disks and snapshots stay: the next run
 * starts the machines from there.
 *
 * @throws VmrigError `CAPABILITY_MISSING` when the driver cannot stop machines; nothing was leased
 */
export async function* stopRig(options: StopRigOptions): AsyncGenerator<StoppedCopy> {
  const { rig, folders, only, say } = options;
  requireStop(rig);
  await using store = await openStore(rig, folders);
  for (const copy of await copySpecs(rig, folders)) {
    if (only !== undefined && copy.copy !== only) continue;
    yield await withLease({ ...options, copy, store }, async (guard) => ({
      copy: copy.copy,
      machines: await stopLeased({ rig, copy, guard, say }),
    }));
  }
}

/**
 * Returns the driver's function that stops a machine.
 *
 * @throws VmrigError `CAPABILITY_MISSING`
 */
export function requireStop({
  name,
  driver,
}: Pick<ResolvedRig, "name" | "driver">): NonNullable<Driver["stop"]> {
  if (driver.stop !== undefined) return driver.stop;
  throw new VmrigError("CAPABILITY_MISSING", {
    message: `The driver "${driver.name}" does not support stopping machines.`,
    hint: `\`vmrig destroy ${name}\` destroys them for good`,
  });
}

/**
 * Stops the machines of a copy whose lease is held.
 *
 * @returns the names of those that ran or were paused
 */
export async function stopLeased({
  rig,
  copy,
  guard,
  say,
}: Pick<StopRigOptions, "rig" | "say"> & {
  readonly copy: CopySpec;
  readonly guard: LeaseGuard;
}): Promise<readonly string[]> {
  const stop = requireStop(rig);
  const names = (await machinesOn(rig, copy)).map(({ name }) => name);
  await Promise.all(
    names.map(async (name) => {
      guard.assertHeld();
      await stop({ copy, name }, { fence: guard.fence, signal: guard.signal, say });
    }),
  );
  return names;
}

/** Returns the machines that run or are paused. */
export async function machinesOn(
  { driver }: Pick<ResolvedRig, "driver">,
  copy: CopySpec,
): Promise<readonly MachineStatus[]> {
  const { machines } = await driver.inspect(copy);
  return machines.filter(({ power }) => power === "running" || power === "paused");
}
