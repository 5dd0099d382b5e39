import { randomUUID } from "node:crypto";
import type { MachineAccess } from "../baseline/machine-access.ts";
import type { Clock } from "../clock/clock.ts";
import type { ResolvedRig, RollbackPolicy } from "../config/schema.ts";
import { asVmrigError, isVmrigError, VmrigError } from "../errors/vmrig-error.ts";
import type { ControlCommand, ControlResult } from "../protocol/control-command.ts";
import type { Ready } from "./copies/rollback-ahead.ts";
import type { LeasedCopy } from "./copies/leased-copy.ts";
import type { Grant } from "../protocol/messages.ts";
import { formatElapsed } from "../clock/format-elapsed.ts";

/** A copy that was claimed for one test file, with the work on it. */
export interface Claim {
  readonly id: string;
  readonly rollback: RollbackPolicy;
  /** Changes when another copy replaces a broken one. */
  leasedCopy: LeasedCopy;
  /** Why the claim has no machines any more. */
  failed?: VmrigError;
  /**
   * The work of the claim, one task after the other. Until it has ended, no other claim may have
   * the machines or their lease.
   */
  work: Promise<unknown>;
}

type Roll = Promise<readonly MachineAccess[]>;

/** Last grant of a copy, and the rollback policy of the latest claim that had the copy. */
interface HandedOut {
  readonly grant: Grant;
  readonly rollback: RollbackPolicy;
}

export interface ClaimsOptions {
  readonly rig: ResolvedRig;
  readonly clock: Clock;
  readonly say: (line: string) => void;
  /** Takes a copy that no recovery step could restore out of the run. */
  readonly leaveOut: (broken: LeasedCopy, error: VmrigError) => Promise<void>;
  /** Leases a replacement for a broken copy. Missing when no other copy will do. */
  readonly another?: (signal: AbortSignal) => Promise<LeasedCopy>;
  /**
   * Returns machines that were rolled back ahead for the next claim; nothing when the copy must be
   * rolled back now.
   */
  readonly takeReady: (leasedCopy: LeasedCopy) => Promise<Ready | undefined>;
  /** Called when a replacement copy arrives after its claimant left. */
  readonly giveBack: (unwanted: LeasedCopy) => void;
}

/** The claims of a run: each one's copy, and the last grant of that copy. */
export interface Claims {
  open(leasedCopy: LeasedCopy, rollback: RollbackPolicy): Claim;
  /**
   * Returns an open claim.
   *
   * @throws VmrigError `LEASE_LOST` for a claim that is over
   */
  find(id: string): Claim;
  /**
   * Ends a claim. Its work may still be under way.
   *
   * @returns nothing when the claim was over before
   */
  end(id: string): Claim | undefined;
  /** Ends the claims on a copy that this run no longer has. */
  forget(leasedCopy: LeasedCopy): void;
  /**
   * Returns the last grant of a copy that was not found unfit since, for a claim that needs no
   * rollback.
   */
  again(claim: Claim): Grant | undefined;
  /** Whether another claim may build on the state that the last one left on a copy. */
  isBuiltOn(leasedCopy: LeasedCopy): boolean;
  /** Forgets the last grant of a copy, or of all copies: the next claim needs a rollback. */
  stale(leasedCopy?: LeasedCopy): void;
  /** Runs a control command on the machines of a claim, after the claim's earlier work. */
  control(claim: Claim, command: ControlCommand): Promise<ControlResult>;
  /** Pauses a claim. No other work runs for the claim until the pause has ended. */
  pause(claim: Claim, pause: () => Promise<void>): Promise<void>;
  /**
   * Grants the machines after `roll`, in the order of the claim's work. Grants another copy when no
   * recovery step restores this one.
   */
  handOut(claim: Claim, roll: () => Roll, signal: AbortSignal): Promise<Grant>;
}

export function createClaims({
  rig,
  clock,
  say,
  leaveOut,
  another,
  takeReady,
  giveBack,
}: ClaimsOptions): Claims {
  const claims = new Map<string, Claim>();
  const handedOut = new Map<LeasedCopy, HandedOut>();

  const oneAtATime = <T>(claim: Claim, work: () => Promise<T>): Promise<T> => {
    const done = claim.work.then(() => {
      if (claim.failed !== undefined) throw claim.failed;
      return work();
    });
    claim.work = done.catch(() => {});
    return done;
  };

  const rollNow = async (roll: () => Roll): Promise<Ready> => {
    const started = clock.monotonic();
    const machines = await roll();
    return { machines, nonce: randomUUID(), tookMs: clock.monotonic() - started, aheadMs: 0 };
  };

  const grantAfter = async (claim: Claim, roll: () => Roll): Promise<Grant> => {
    const { leasedCopy } = claim;
    handedOut.delete(leasedCopy);
    const { machines, nonce, tookMs, aheadMs } =
      (await takeReady(leasedCopy)) ?? (await rollNow(roll));
    leasedCopy.lease.assertHeld();
    const names = machines.map(({ name }) => name).join(", ");
    const early = aheadMs === 0 ? "" : `, begun ${formatElapsed(aheadMs)} ahead`;
    say(
      `rollback ${leasedCopy.lease.copy}: ${names} back at ${leasedCopy.baseline} in ${formatElapsed(tookMs)}${early}`,
    );
    const granted: Grant = {
      claim: claim.id,
      copy: leasedCopy.lease.copy,
      fence: leasedCopy.lease.fence,
      fresh: true,
      baseline: leasedCopy.baseline,
      guest: rig.driver.guest ?? "linux",
      nonce,
      machines: [...machines],
    };
    if (claims.get(claim.id)?.leasedCopy === leasedCopy)
      handedOut.set(leasedCopy, { grant: granted, rollback: claim.rollback });
    return granted;
  };

  /** Takes a copy that cannot be restored out of the run, and grants another one in its place. */
  const grantFit = async (claim: Claim, roll: () => Roll, signal: AbortSignal): Promise<Grant> => {
    try {
      return await grantAfter(claim, roll);
    } catch (error) {
      if (!isVmrigError(error) || error.code !== "MACHINE_BROKEN" || signal.aborted) throw error;
      claim.failed = error;
      handedOut.delete(claim.leasedCopy);
      const isOver = (): boolean => claims.get(claim.id) !== claim;
      try {
        await leaveOut(claim.leasedCopy, error);
        // A claimant that left needs no replacement.
        if (another === undefined || isOver()) throw error;
        const other = await another(signal);
        if (isOver()) {
          giveBack(other);
          throw error;
        }
        claim.leasedCopy = other;
      } catch (reason) {
        claim.failed = asVmrigError(reason);
        throw claim.failed;
      }
      delete claim.failed;
      return grantFit(claim, () => claim.leasedCopy.rollBack(), signal);
    }
  };

  return {
    open(leasedCopy, rollback) {
      const claim: Claim = { id: randomUUID(), rollback, leasedCopy, work: Promise.resolve() };
      claims.set(claim.id, claim);
      return claim;
    },
    find(id) {
      const claim = claims.get(id);
      if (claim !== undefined) return claim;
      throw new VmrigError("LEASE_LOST", {
        message: `This test file no longer has its machines of rig "${rig.name}": the lease was lost or released.`,
      });
    },
    end(id) {
      const claim = claims.get(id);
      claims.delete(id);
      return claim;
    },
    forget(leasedCopy) {
      handedOut.delete(leasedCopy);
      for (const [id, claim] of claims) if (claim.leasedCopy === leasedCopy) claims.delete(id);
    },
    again(claim) {
      const known = handedOut.get(claim.leasedCopy)?.grant;
      if (known === undefined) return undefined;
      handedOut.set(claim.leasedCopy, { grant: known, rollback: claim.rollback });
      return { ...known, claim: claim.id, fresh: false };
    },
    isBuiltOn: (leasedCopy) => handedOut.get(leasedCopy)?.rollback === "run",
    stale(leasedCopy) {
      if (leasedCopy === undefined) handedOut.clear();
      else handedOut.delete(leasedCopy);
    },
    control: (claim, command) =>
      oneAtATime(claim, async () => {
        const done = await claim.leasedCopy.control(command);
        // The next claim without a rollback needs the machines' current addresses.
        const known = handedOut.get(claim.leasedCopy);
        if (known !== undefined) {
          const machines = known.grant.machines.map(
            (old) => done.machines.find(({ name }) => name === old.name) ?? old,
          );
          handedOut.set(claim.leasedCopy, { ...known, grant: { ...known.grant, machines } });
        }
        return done;
      }),
    pause: (claim, pause) => oneAtATime(claim, pause),
    handOut: (claim, roll, signal) => oneAtATime(claim, () => grantFit(claim, roll, signal)),
  };
}
