import { randomUUID } from "node:crypto";
import type { MachineAccess } from "../../baseline/machine-access.ts";
import { prove } from "../../baseline/proof.ts";
import type { Clock } from "../../clock/clock.ts";
import type { GuestKind } from "../../driver/driver.ts";
import { isVmrigError } from "../../errors/vmrig-error.ts";
import { dial } from "../../ssh/dial.ts";
import type { LeasedCopy } from "./leased-copy.ts";

/** Machines that were rolled back. */
export interface Ready {
  readonly machines: readonly MachineAccess[];
  /** Nonce that a proof of this rollback leaves on the machines, or has left already. */
  readonly nonce: string;
  /** Duration of the rollback. */
  readonly tookMs: number;
  /** How long before the claim the rollback began; 0 when it was not begun ahead. */
  readonly aheadMs: number;
}

/**
 * Rolls free machines back for the next claim, and proves them over connections that end before the
 * claim logs in. The first login after a rollback is most of the time to the first command on an
 * emulated machine; the second login is quick.
 */
export interface RollbackAhead {
  /** Number of copies whose rollback was begun and not taken. */
  readonly size: number;
  /**
   * Begins the rollback of a copy. Does nothing when it has begun and was not taken or dropped
   * since. Failures are logged and never propagate.
   */
  begin(leasedCopy: LeasedCopy): void;
  /**
   * Takes a copy for a claim. Waits for a rollback that is under way, and for a proof whose script
   * runs. A step that has not begun by then does not begin.
   *
   * @returns nothing when the rollback was not begun or failed: the copy must be rolled back now
   */
  take(leasedCopy: LeasedCopy): Promise<Ready | undefined>;
  /**
   * Drops a copy that is about to leave this run. Closes its connections immediately. A rollback
   * that is under way is the last step.
   */
  drop(leasedCopy: LeasedCopy): void;
}

interface Preparation {
  readonly ready: Promise<Omit<Ready, "aheadMs"> | undefined>;
  /** When the rollback began, by the monotonic clock. */
  readonly since: number;
  /** Aborts when a claim waits: no login begins any more. */
  readonly taken: AbortController;
  readonly dropped: AbortController;
}

export interface RollbackAheadOptions {
  readonly clock: Clock;
  readonly guest: GuestKind;
  readonly say: (line: string) => void;
  /**
   * Aborts when the run is over. Connections are closed immediately, even while a claim waits for
   * them.
   */
  readonly signal: AbortSignal;
}

export function createRollbackAhead({
  clock,
  guest,
  say,
  signal,
}: RollbackAheadOptions): RollbackAhead {
  const begun = new Map<LeasedCopy, Preparation>();
  const drawn = new Set<string>();

  const prepare = (leasedCopy: LeasedCopy): Preparation => {
    const taken = new AbortController();
    const dropped = new AbortController();
    const over = AbortSignal.any([dropped.signal, leasedCopy.lease.signal, signal]);
    const nonce = randomUUID();

    const proveOne = async ({ name, target }: MachineAccess): Promise<void> => {
      const connection = await dial(target, {
        name,
        clock,
        signal: AbortSignal.any([taken.signal, over]),
      });
      const hangUp = (): void => connection.hangUp();
      over.addEventListener("abort", hangUp, { once: true });
      try {
        if (taken.signal.aborted || over.aborted) return;
        // From here on the proof runs to its end, even while a claim waits: an abandoned script
        // would step the clock again during the claim's test.
        await prove(connection, {
          machine: name,
          baseline: leasedCopy.baseline,
          guest,
          nonce,
          drawn,
          clock,
        });
      } finally {
        over.removeEventListener("abort", hangUp);
        hangUp();
      }
    };

    const since = clock.monotonic();
    const work = async () => {
      const machines = await leasedCopy.rollBackAhead();
      const tookMs = clock.monotonic() - since;
      const proofs = await Promise.allSettled(machines.map(proveOne));
      const failed = proofs.find(
        (proof) => proof.status === "rejected" && proof.reason !== taken.signal.reason,
      );
      if (failed?.status === "rejected") throw failed.reason;
      return { machines, nonce, tookMs };
    };
    const ready = work().catch((error: unknown) => {
      // A lost lease, the end of the run and a dropped copy are reported elsewhere.
      if (!over.aborted && !isCalledOff(error)) {
        const why = isVmrigError(error) ? error.summary : String(error);
        say(
          `ahead    ${leasedCopy.lease.copy}: rollback ahead of time failed, the next file rolls back itself; ${why}`,
        );
      }
      return undefined;
    });
    return { ready, since, taken, dropped };
  };

  return {
    get size() {
      return begun.size;
    },
    begin(leasedCopy) {
      if (!begun.has(leasedCopy)) begun.set(leasedCopy, prepare(leasedCopy));
    },
    async take(leasedCopy) {
      const preparation = begun.get(leasedCopy);
      if (preparation === undefined) return undefined;
      begun.delete(leasedCopy);
      preparation.taken.abort();
      const aheadMs = clock.monotonic() - preparation.since;
      const ready = await preparation.ready;
      return ready && { ...ready, aheadMs };
    },
    drop(leasedCopy) {
      begun.get(leasedCopy)?.dropped.abort();
      begun.delete(leasedCopy);
    },
  };
}

function isCalledOff(error: unknown): boolean {
  return isVmrigError(error) && error.code === "CANCELLED";
}
