import { randomUUID } from "node:crypto";
import type { RolledBack } from "../baseline/login.ts";
import { prove } from "../baseline/proof.ts";
import type { Clock } from "../clock/clock.ts";
import type { GuestKind } from "../driver/driver.ts";
import { isVmrigError } from "../errors/vmrig-error.ts";
import { dial } from "../ssh/connection.ts";
import type { LeasedCopy } from "./leased-copy.ts";

/** Machines that were rolled back. */
export interface Ready {
  readonly machines: readonly RolledBack[];
  /** What a proof of this rollback leaves on the machines, or has left already. */
  readonly nonce: string;
  /** How long the rollback took. */
  readonly tookMs: number;
  /** How long before it was asked for it had begun; 0 when nothing was done ahead. */
  readonly aheadMs: number;
}

/**
 * Makes machines ready for the next claim while nobody has them: they are rolled back, and proven
 * over connections that end before anybody else gets in. The first login after a rollback is most
 * of the time to the first command on an emulated machine; the second one is quick.
 */
export interface RollbackAhead {
  /** Of how many copies it was begun and not taken. */
  readonly size: number;
  /** Once for a copy, until it is taken or dropped. What fails is said, and fails nobody. */
  begin(leasedCopy: LeasedCopy): void;
  /**
   * The copy is somebody's from now on. Waits for a rollback that is under way, and for a proof
   * whose script runs; what has not begun by then does not begin.
   *
   * @returns nothing when it was not begun, or failed: the copy is to be rolled back now
   */
  take(leasedCopy: LeasedCopy): Promise<Ready | undefined>;
  /**
   * The copy is about to leave this run: its connections are hung up at once, and a rollback that
   * is under way is the last thing done.
   */
  drop(leasedCopy: LeasedCopy): void;
}

interface Preparation {
  readonly ready: Promise<Omit<Ready, "aheadMs"> | undefined>;
  /** When it began, by the monotonic clock. */
  readonly since: number;
  /** Somebody waits: no login begins any more. */
  readonly taken: AbortController;
  readonly dropped: AbortController;
}

export interface RollbackAheadOptions {
  readonly clock: Clock;
  readonly guest: GuestKind;
  readonly say: (line: string) => void;
  /** Aborts when the run is over: connections are hung up at once, whoever waits for them. */
  readonly signal: AbortSignal;
}

export function createRollbackAhead({
  clock,
  guest,
  say,
  signal,
}: RollbackAheadOptions): RollbackAhead {
  const begun = new Map<LeasedCopy, Preparation>();

  const prepare = (leasedCopy: LeasedCopy): Preparation => {
    const taken = new AbortController();
    const dropped = new AbortController();
    const over = AbortSignal.any([dropped.signal, leasedCopy.lease.signal, signal]);
    const nonce = randomUUID();

    const proveOne = async ({ name, target }: RolledBack): Promise<void> => {
      const connection = await dial(target, {
        name,
        clock,
        signal: AbortSignal.any([taken.signal, over]),
      });
      const hangUp = (): void => connection.hangUp();
      over.addEventListener("abort", hangUp, { once: true });
      try {
        if (taken.signal.aborted || over.aborted) return;
        // From here to its end, whoever waits: a script that is left alone would step the clock
        // again, under somebody's test.
        await prove(connection, {
          machine: name,
          baseline: leasedCopy.baseline,
          guest,
          nonce,
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
      // A lease that was lost, a run that ends and a copy that leaves it have words of their own.
      if (!over.aborted && !isCalledOff(error)) {
        const why = isVmrigError(error) ? error.summary : String(error);
        say(
          `ahead    ${leasedCopy.lease.copy}: not ready for the next file, which rolls it back itself; ${why}`,
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
