import type { ResolvedRig } from "../config/schema.ts";
import type { CopySpec } from "../driver/driver.ts";
import type { Holder, Lease } from "../lease/lease.ts";
import type { LeaseStore } from "../lease/lease-store.ts";
import { renderWaitingLine } from "../lease/waiting-line.ts";

export interface LeaseCopyOptions {
  readonly rig: ResolvedRig;
  readonly copy: CopySpec;
  readonly store: LeaseStore;
  readonly holder: Holder;
  readonly signal: AbortSignal;
  readonly say: (line: string) => void;
}

/** Waits in line for a copy, and tells who holds it. @throws VmrigError `RIG_BUSY`, `CANCELLED`, `REDIS_UNREACHABLE` */
export function leaseCopy({ rig, copy, store, holder, signal, say }: LeaseCopyOptions): Promise<Lease> {
  return store.acquire(
    { rig: copy.rig, copies: [copy.copy] },
    {
      holder,
      ttlMs: rig.lease.ttl,
      waitForMs: rig.lease.waitFor,
      signal,
      onWait: (line) => say(`wait     ${renderWaitingLine(line)}`),
    },
  );
}
