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
export function leaseCopy({ rig, copies, store, holder, signal, say }: LeaseCopyOptions): Promise<Lease> {
  return store.acquire(copies[0] as string, {
    holder,
    ttlMs: rig.lease.ttl,
    waitForMs: rig.lease.onBusy === "wait" ? rig.lease.waitFor : 0,
    signal,
    onWait: (line) => say(`wait     ${renderWaitingLine(line)}`),
  });
}
