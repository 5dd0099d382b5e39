import { copySpecs } from "../config/copy-spec.ts";
import { VmrigError } from "../errors/vmrig-error.ts";
import type { GateOptions } from "../gate/gate-options.ts";
import { openStore } from "../gate/store/open-store.ts";
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
  const { driver } = rig;
  const { stop } = driver;
  if (stop === undefined) {
    throw new VmrigError("CAPABILITY_MISSING", {
      message: `The driver "${driver.name}" does not support stopping machines.`,
      hint: `\`vmrig destroy ${rig.name}\` destroys them for good`,
    });
  }
  await using store = await openStore(rig, folders);
  for (const copy of await copySpecs(rig, folders)) {
    if (only !== undefined && copy.copy !== only) continue;
    yield await withLease({ ...options, copy, store }, async (leaseGuard) => {
      const machines = (await driver.inspect(copy)).machines.filter(
        ({ power }) => power === "running" || power === "paused",
      );
      await Promise.all(
        machines.map(async ({ name }) => {
          leaseGuard.assertHeld();
          await stop({ copy, name }, { fence: leaseGuard.fence, signal: leaseGuard.signal, say });
        }),
      );
      return { copy: copy.copy, machines: machines.map(({ name }) => name) };
    });
  }
}
