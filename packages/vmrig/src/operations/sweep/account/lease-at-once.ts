import { copyNames } from "../../../config/copy-spec.ts";
import { VmrigError } from "../../../errors/vmrig-error.ts";
import type { CopyName } from "../../../lease/keys.ts";
import type { LeaseStore } from "../../../lease/lease-store.ts";
import type { LeaseGuard } from "../../../provision/lease-guard.ts";
import type { SweepOptions } from "../sweep-options.ts";

/**
 * Leases a copy of any rig, if it is free and no run waits for it, and runs the work.
 *
 * @throws VmrigError `RIG_BUSY`
 */
export async function withLeaseAtOnce<T>(
  { rig: own, holder, signal }: SweepOptions,
  { store, copy }: { readonly store: LeaseStore; readonly copy: CopyName },
  work: (guard: LeaseGuard) => Promise<T>,
): Promise<T> {
  const known = copy.rig === own.name ? copyNames(own) : [];
  const copies = [...new Set([...known, copy.copy])];
  const request = { rig: copy.rig, copies, accept: [copy.copy] };
  await using lease = await store.tryAcquire(request, { holder, ttlMs: own.lease.ttl });
  if (lease === undefined)
    throw new VmrigError("RIG_BUSY", { message: `Another run has ${copy.copy}, or waits for it.` });
  return await work({
    fence: lease.fence,
    signal: AbortSignal.any([lease.signal, signal]),
    assertHeld() {
      lease.assertHeld();
      signal.throwIfAborted();
    },
  });
}
