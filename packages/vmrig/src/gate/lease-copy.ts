import type { ResolvedRig } from "../config/schema.ts";
import type { Holder, Lease } from "../lease/lease.ts";
import type { LeaseStore } from "../lease/lease-store.ts";
import { renderWaitingLine } from "../lease/waiting-line.ts";

export interface LeaseCopyOptions {
  readonly rig: ResolvedRig;
  /** Names of all copies of the rig, in order of preference. */
  readonly copies: readonly string[];
  /** Those that will do. @defaultValue all */
  readonly accept?: readonly string[];
  /** For a run that has one already: whoever has none goes first. */
  readonly extra?: boolean;
  readonly store: LeaseStore;
  readonly holder: Holder;
  readonly signal: AbortSignal;
  readonly say: (line: string) => void;
}

/** Waits in line for a copy, and tells who holds them. @throws VmrigError `RIG_BUSY`, `CANCELLED`, `REDIS_UNREACHABLE` */
export function leaseCopy({ rig, copies, accept, extra, store, holder, signal, say }: LeaseCopyOptions): Promise<Lease> {
  return store.acquire(
    { rig: rig.name, copies, ...(accept !== undefined && { accept }), ...(extra !== undefined && { extra }) },
    {
      holder,
      ttlMs: rig.lease.ttl,
      // Whoever has a copy can go on with that one, and waits for another as long as it takes.
      waitForMs: rig.lease.onBusy === "wait" || extra === true ? rig.lease.waitFor : 0,
      signal,
      onWait: (line) => say(`wait     ${renderWaitingLine(line)}`),
    },
  );
}
