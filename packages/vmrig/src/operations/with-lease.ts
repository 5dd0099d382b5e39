import { copyNames } from "../config/copy-spec.ts";
import type { CopySpec } from "../driver/driver.ts";
import type { Lease } from "../lease/lease.ts";
import type { LeaseStore } from "../lease/lease-store.ts";
import type { LeaseGuard } from "../provision/lease-guard.ts";
import type { GateOptions } from "../gate/gate-options.ts";
import { leaseCopy } from "../gate/copies/lease-copy.ts";
import { guardCopy } from "../gate/store/copy-guard.ts";

export interface WithLeaseOptions extends Pick<GateOptions, "rig" | "holder" | "say"> {
  readonly copy: CopySpec;
  readonly store: LeaseStore;
  /** Leaves the queue, or ends the work, when it aborts. */
  readonly signal: AbortSignal;
}

/**
 * Waits in the queue for one copy, and runs the work on the copy as it is, without preparing its
 * machines.
 */
export async function withLease<T>(
  options: WithLeaseOptions,
  work: (leaseGuard: LeaseGuard, lease: Lease) => Promise<T>,
): Promise<T> {
  const { rig, copy, store, signal } = options;
  // A copy that the config no longer asks for has the same queue as the others.
  const copies = [...new Set([...copyNames(rig), copy.copy])];
  await using lease = await leaseCopy({ ...options, copies, accept: [copy.copy] });
  const guard = rig.driver.locality === "this-computer" ? await guardCopy(copy, store) : undefined;
  const leaseGuard: LeaseGuard = {
    fence: lease.fence,
    signal: AbortSignal.any([lease.signal, signal]),
    assertHeld() {
      lease.assertHeld();
      signal.throwIfAborted();
    },
  };
  try {
    return await work(leaseGuard, lease);
  } finally {
    await guard?.();
  }
}
