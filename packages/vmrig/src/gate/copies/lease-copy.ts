import type { ResolvedRig } from "../../config/schema.ts";
import { isVmrigError } from "../../errors/vmrig-error.ts";
import type { Holder, Lease } from "../../lease/lease.ts";
import type { LeaseStore } from "../../lease/lease-store.ts";
import { renderQueueStatus, type QueueStatus } from "../../lease/queue-status.ts";
import { rigBusyAtOnce } from "./rig-busy-at-once.ts";

export interface LeaseCopyOptions {
  readonly rig: ResolvedRig;
  /** Names of all copies of the rig, in order of preference. */
  readonly copies: readonly string[];
  /** Names of the acceptable copies. @defaultValue all */
  readonly accept?: readonly string[];
  /** This run has a copy already, so runs without one go first. */
  readonly extra?: boolean;
  readonly store: LeaseStore;
  readonly holder: Holder;
  readonly signal: AbortSignal;
  readonly say: (line: string) => void;
}

/**
 * Waits in the queue for a copy, and prints the current holders.
 *
 * @throws VmrigError `RIG_BUSY`, `CANCELLED`, `REDIS_UNREACHABLE`
 */
export async function leaseCopy({
  rig,
  copies,
  accept,
  extra,
  store,
  holder,
  signal,
  say,
}: LeaseCopyOptions): Promise<Lease> {
  // A run that has a copy can continue with that copy, and waits for another without a deadline.
  const waits = rig.lease.onBusy === "wait" || extra === true;
  let seen: QueueStatus | undefined;
  try {
    return await store.acquire(
      {
        rig: rig.name,
        copies,
        ...(accept !== undefined && { accept }),
        ...(extra !== undefined && { extra }),
      },
      {
        holder,
        ttlMs: rig.lease.ttl,
        waitForMs: waits ? rig.lease.waitFor : 0,
        signal,
        onWait(line) {
          seen = line;
          if (waits) say(`wait     ${renderQueueStatus(line)}`);
        },
      },
    );
  } catch (error) {
    if (!waits && seen !== undefined && isVmrigError(error) && error.code === "RIG_BUSY")
      throw rigBusyAtOnce(seen, rig.lease.onBusy);
    throw error;
  }
}
