import { toDate } from "../../clock/real-time.ts";
import type { Clock } from "../../clock/clock.ts";
import { isVmrigError, VmrigError } from "../../errors/vmrig-error.ts";
import { createClaims, type Claim, type Claims } from "../claims.ts";
import type { CopyFinder } from "./find-copy.ts";
import type { GateOptions } from "../gate-options.ts";
import { whenIdle } from "./idle.ts";
import type { LeasedCopy } from "./leased-copy.ts";
import { createPool } from "./pool.ts";
import { createSharing } from "./sharing.ts";
import { createRollbackAhead } from "./rollback-ahead.ts";
import { claimsToCome, type RunEvent, type RunState } from "../run-state.ts";

export interface RunCopiesOptions extends Pick<GateOptions, "rig" | "say" | "only" | "maxCopies"> {
  readonly clock: Clock;
  readonly finder: CopyFinder;
  readonly state: () => RunState;
  readonly move: (event: RunEvent) => void;
  /** Ends the run early. */
  readonly end: (reason: VmrigError) => void;
  /** Aborts when the gate closes. */
  readonly closing: AbortSignal;
}

/**
 * The copies that a run has leased, from the queue until they are released: claimed, free (then
 * rolled back ahead), idle (then released), lost, or retained for a person.
 */
export interface RunCopies {
  readonly claims: Claims;
  /** Returns a free copy, or waits for one. */
  take(signal: AbortSignal): Promise<LeasedCopy>;
  /** Called when a claim asks for machines: the run is not idle. */
  disturb(): void;
  /** Rolls free copies back for the claims to come. */
  rollBackAhead(): void;
  /** Starts to watch for idleness when no claim has machines. */
  watchIdle(): void;
  /** Takes a copy back from a claim that has ended. */
  takeBack(claim: Claim, failed: boolean): void;
  /** Ends the queueing of the run: waiting claims fail with this reason. */
  dismiss(reason: VmrigError): void;
  /** Releases every copy. */
  close(reason: VmrigError): Promise<void>;
}

export function createRunCopies(options: RunCopiesOptions): RunCopies {
  const {
    rig,
    say,
    only,
    maxCopies = Infinity,
    clock,
    finder,
    state,
    move,
    end,
    closing,
  } = options;
  const copies = only === undefined ? rig.copies : 1;
  const returning = new Set<Promise<unknown>>();

  const pool = createPool<LeasedCopy>({
    limit: Math.max(1, Math.min(copies, maxCopies)),
    async open(extra, signal, onLeased) {
      const leasedCopy = await finder.find(extra, AbortSignal.any([signal, closing]), onLeased);
      leasedCopy.lease.signal.addEventListener("abort", () => lose(leasedCopy), { once: true });
      return leasedCopy;
    },
    onFree: () => onFree(),
    onRefused: (error) => say(`copies   cannot lease another copy: ${inWords(error)}`),
  });
  const ahead = createRollbackAhead({
    clock,
    guest: rig.driver.guest ?? "linux",
    say,
    signal: closing,
  });
  const idle = whenIdle({
    clock,
    idleMs: rig.lease.idle,
    signal: closing,
    othersWait: () => finder.othersWait(),
    async rest() {
      const unused = pool.drain();
      for (const leasedCopy of unused) forgetState(leasedCopy);
      if (unused.length > 0) {
        const names = unused.map(({ lease }) => lease.copy).join(", ");
        say(`idle     ${names}: released, because this run is idle`);
      }
      await Promise.all(unused.map((leasedCopy) => leasedCopy.release()));
    },
  });
  const claims = createClaims({
    rig,
    clock,
    say,
    async leaveOut(leasedCopy, error) {
      await finder.markBroken(leasedCopy, error);
      pool.discard(leasedCopy);
      await leasedCopy.release();
    },
    // A run that asked for one copy by name gets no other: that copy would be as broken again.
    ...(only === undefined && { another: (signal) => pool.take(signal) }),
    takeReady: (leasedCopy) => ahead.take(leasedCopy),
    giveBack(leasedCopy) {
      pool.give(leasedCopy);
      onFree();
    },
  });

  const forgetState = (leasedCopy: LeasedCopy): void => {
    claims.stale(leasedCopy);
    ahead.drop(leasedCopy);
  };

  const rollBackAhead = (): void => {
    if (closing.aborted || state().kind !== "running") return;
    for (const leasedCopy of pool.free) {
      if (ahead.size >= claimsToCome(state())) return;
      if (claims.isBuiltOn(leasedCopy)) continue;
      claims.stale(leasedCopy);
      ahead.begin(leasedCopy);
    }
  };
  const sharing = createSharing({
    clock,
    finder,
    pool,
    idleMs: rig.lease.idle,
    say,
    forgetState,
    signal: closing,
  });
  const watchIdle = (): void => idle.watch(pool.quiet);
  const onFree = (): void => {
    rollBackAhead();
    watchIdle();
    sharing.watchFree();
  };

  /** Called when a lease is lost: nothing of this run touches the copy any more. */
  const lose = (leasedCopy: LeasedCopy): void => {
    if (closing.aborted || leasedCopy.lease.state !== "lost") return;
    const reason: unknown = leasedCopy.lease.signal.reason;
    claims.forget(leasedCopy);
    ahead.drop(leasedCopy);
    pool.discard(leasedCopy);
    void leasedCopy.release();
    if (isVmrigError(reason) && state().kind === "running") end(reason);
  };

  /** Retains a copy as it is. A run that has no other copy ends. */
  const retain = async (leasedCopy: LeasedCopy): Promise<void> => {
    const { copy } = leasedCopy.lease;
    try {
      const until = await leasedCopy.retain(rig.keepFor, "after a failed run");
      const time = toDate(until).toLocaleTimeString("en-GB");
      say(`retained ${copy}: stays as the failed tests left it until ${time}`);
      say(`retained ${copy}: log in with \`vmrig ssh\`, release it with \`vmrig release\``);
    } catch (error) {
      say(`warning  ${copy}: could not be retained; ${inWords(error)}`);
      pool.give(leasedCopy);
      return;
    }
    move({ type: "retained" });
    if (state().retained >= copies) {
      const message = `The run stopped because it has no copies left: ${copy} is retained for inspection.`;
      end(new VmrigError("CANCELLED", { message }));
    }
    claims.stale(leasedCopy);
    pool.discard(leasedCopy);
  };

  return {
    claims,
    take: (signal) => pool.take(signal),
    disturb: () => idle.disturb(),
    rollBackAhead,
    watchIdle,
    takeBack(claim, failed) {
      const returned = claim.work.then(async () => {
        // Read after the work: a recovery may have failed, or have replaced the copy.
        if (claim.failed !== undefined) return undefined;
        const { leasedCopy } = claim;
        const asked = sharing.demandFor(leasedCopy);
        // 1. Drop the checkpoints. What remains is removed by the next holder.
        await leasedCopy.forget().catch(() => {});
        // 2. Retain the copy, give it to another run, or free it for the next claim.
        if (failed && rig.keep === "failed") return retain(leasedCopy);
        if (!(await sharing.giveUp(leasedCopy, await asked))) pool.give(leasedCopy);
      });
      returning.add(returned);
      void returned.finally(() => {
        returning.delete(returned);
        onFree();
      });
    },
    dismiss: (reason) => pool.dismiss(reason),
    async close(reason) {
      await Promise.all(returning);
      const unreleased = await pool.close(reason);
      await Promise.all(unreleased.map((leasedCopy) => leasedCopy.release()));
      await Promise.all([idle.ended(), sharing.ended()]);
    },
  };
}

function inWords(error: unknown): string {
  return isVmrigError(error) ? error.summary : String(error);
}
