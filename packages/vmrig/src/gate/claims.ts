import { randomUUID } from "node:crypto";
import type { RolledBack } from "../baseline/login.ts";
import type { Clock } from "../clock/clock.ts";
import type { ResolvedRig, RollbackPolicy } from "../config/schema.ts";
import { asVmrigError, isVmrigError, VmrigError } from "../errors/vmrig-error.ts";
import type { Deed, Done } from "../protocol/control-command.ts";
import type { Ready } from "./rollback-ahead.ts";
import type { Holding } from "./leased-copy.ts";
import type { Grant } from "../protocol/messages.ts";
import { took } from "../clock/format-elapsed.ts";

/** A copy that was taken for one test file, and what is done for it. */
export interface Claim {
  readonly id: string;
  readonly rollback: RollbackPolicy;
  /** Changes when another copy takes the place of one that is broken. */
  holding: Holding;
  /** Why there are no machines behind it any more. */
  failed?: VmrigError;
  /** What is done for it, one thing after the other. Until that has ended nobody else may have its machines, nor their lease. */
  work: Promise<unknown>;
}

type Roll = Promise<readonly RolledBack[]>;

/** What was handed out of a copy, and the latest claim that had it. */
interface HandedOut {
  readonly grant: Grant;
  readonly rollback: RollbackPolicy;
}

export interface ClaimsOptions {
  readonly rig: ResolvedRig;
  readonly clock: Clock;
  readonly say: (line: string) => void;
  /** Takes a copy that nothing brings back out of the run. */
  readonly leaveOut: (broken: Holding, error: VmrigError) => Promise<void>;
  /** One that is taken in the place of another. Missing where no other one will do. */
  readonly another?: (signal: AbortSignal) => Promise<Holding>;
  /** What was done ahead for whoever gets the copy; nothing when it must be rolled back now. */
  readonly takeReady: (holding: Holding) => Promise<Ready | undefined>;
  /** One was got for somebody who is gone. */
  readonly giveBack: (unwanted: Holding) => void;
}

/** Who of this run has which copy, and what was handed out with it. */
export interface Claims {
  open(holding: Holding, rollback: RollbackPolicy): Claim;
  /** @throws VmrigError `LEASE_LOST` for a claim that is over */
  find(id: string): Claim;
  /** From now on it is over. Its work may still be under way. @returns nothing when it was over before */
  end(id: string): Claim | undefined;
  /** Ends the claims on a copy that this run has no more. */
  forget(holding: Holding): void;
  /** What was handed out of a copy and not found unfit since, for a claim that can do without a rollback. */
  again(claim: Claim): Grant | undefined;
  /** Whether another claim may build on what the last one left on a copy. */
  isBuiltOn(holding: Holding): boolean;
  /** Nothing of a copy, or of all, is handed out again without a rollback. */
  stale(holding?: Holding): void;
  /** Has a deed done to the machines of a claim, in turn. */
  act(claim: Claim, deed: Deed): Promise<Done>;
  /** Nothing else is done for the claim until that has ended. */
  pause(claim: Claim, pause: () => Promise<void>): Promise<void>;
  /** Hands out the machines after `roll`, in turn; those of another copy when nothing brings these back. */
  handOut(claim: Claim, roll: () => Roll, signal: AbortSignal): Promise<Grant>;
}

export function createClaims({ rig, clock, say, leaveOut, another, takeReady, giveBack }: ClaimsOptions): Claims {
  const claims = new Map<string, Claim>();
  const handedOut = new Map<Holding, HandedOut>();

  const inTurn = <T>(claim: Claim, act: () => Promise<T>): Promise<T> => {
    const done = claim.work.then(() => {
      if (claim.failed !== undefined) throw claim.failed;
      return act();
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
    const { holding } = claim;
    handedOut.delete(holding);
    const { machines, nonce, tookMs, aheadMs } = (await takeReady(holding)) ?? (await rollNow(roll));
    holding.lease.assertHeld();
    const names = machines.map(({ name }) => name).join(", ");
    const early = aheadMs === 0 ? "" : `, begun ${took(aheadMs)} ahead`;
    say(`rollback ${holding.lease.copy}: ${names} back at ${holding.baseline} in ${took(tookMs)}${early}`);
    const granted: Grant = {
      claim: claim.id,
      copy: holding.lease.copy,
      fence: holding.lease.fence,
      fresh: true,
      baseline: holding.baseline,
      guest: rig.driver.guest ?? "linux",
      nonce,
      machines: machines.map(({ name, lanAddress, target }) => ({ name, lanAddress, target: { ...target } })),
    };
    if (claims.get(claim.id)?.holding === holding) handedOut.set(holding, { grant: granted, rollback: claim.rollback });
    return granted;
  };

  /** A copy that cannot be brought back is left out, and another one takes its place. */
  const grantFit = async (claim: Claim, roll: () => Roll, signal: AbortSignal): Promise<Grant> => {
    try {
      return await grantAfter(claim, roll);
    } catch (error) {
      if (!isVmrigError(error) || error.code !== "MACHINE_BROKEN" || signal.aborted) throw error;
      claim.failed = error;
      handedOut.delete(claim.holding);
      const isOver = (): boolean => claims.get(claim.id) !== claim;
      try {
        await leaveOut(claim.holding, error);
        // Whoever is gone waits for no other one.
        if (another === undefined || isOver()) throw error;
        const other = await another(signal);
        if (isOver()) {
          giveBack(other);
          throw error;
        }
        claim.holding = other;
      } catch (reason) {
        claim.failed = asVmrigError(reason);
        throw claim.failed;
      }
      delete claim.failed;
      return grantFit(claim, () => claim.holding.rollBack(), signal);
    }
  };

  return {
    open(holding, rollback) {
      const claim: Claim = { id: randomUUID(), rollback, holding, work: Promise.resolve() };
      claims.set(claim.id, claim);
      return claim;
    },
    find(id) {
      const claim = claims.get(id);
      if (claim !== undefined) return claim;
      throw new VmrigError("LEASE_LOST", { message: `The claim ${id} on rig "${rig.name}" is over: its lease was lost or released.` });
    },
    end(id) {
      const claim = claims.get(id);
      claims.delete(id);
      return claim;
    },
    forget(holding) {
      handedOut.delete(holding);
      for (const [id, claim] of claims) if (claim.holding === holding) claims.delete(id);
    },
    again(claim) {
      const known = handedOut.get(claim.holding)?.grant;
      if (known === undefined) return undefined;
      handedOut.set(claim.holding, { grant: known, rollback: claim.rollback });
      return { ...known, claim: claim.id, fresh: false };
    },
    isBuiltOn: (holding) => handedOut.get(holding)?.rollback === "run",
    stale(holding) {
      if (holding === undefined) handedOut.clear();
      else handedOut.delete(holding);
    },
    act: (claim, deed) =>
      inTurn(claim, async () => {
        const done = await claim.holding.act(deed);
        // Whoever gets them next without a rollback finds them where they are now.
        const known = handedOut.get(claim.holding);
        if (known !== undefined) {
          const machines = known.grant.machines.map((old) => done.machines.find(({ name }) => name === old.name) ?? old);
          handedOut.set(claim.holding, { ...known, grant: { ...known.grant, machines } });
        }
        return done;
      }),
    pause: (claim, pause) => inTurn(claim, pause),
    handOut: (claim, roll, signal) => inTurn(claim, () => grantFit(claim, roll, signal)),
  };
}
