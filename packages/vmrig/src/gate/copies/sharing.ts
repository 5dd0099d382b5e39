import type { Clock } from "../../clock/clock.ts";
import type { CopyFinder } from "./find-copy.ts";
import { NO_DEMAND, receiver, type Demand } from "./fair-share.ts";
import { whenIdle } from "./idle.ts";
import type { LeasedCopy } from "./leased-copy.ts";
import type { Pool } from "./pool.ts";

export interface SharingOptions {
  readonly clock: Clock;
  readonly finder: Pick<CopyFinder, "demandFor">;
  readonly pool: Pool<LeasedCopy>;
  /** How long to watch a free copy before the watch begins again. */
  readonly idleMs: number;
  readonly say: (line: string) => void;
  /** Called before a copy is released. */
  readonly forgetState: (leasedCopy: LeasedCopy) => void;
  readonly signal: AbortSignal;
}

/** Gives copies of a run that has several to runs that have fewer. */
export interface Sharing {
  /** Starts to ask who needs a copy. Does not ask for the only copy of a run. */
  demandFor(leasedCopy: LeasedCopy): Promise<Demand>;
  /** Releases the copy if another run should have it. @returns whether it did */
  giveUp(leasedCopy: LeasedCopy, demand: Demand): Promise<boolean>;
  /** Starts to watch for runs that need a copy that is free here. */
  watchFree(): void;
  /** Resolves when no copy is being released any more. */
  ended(): Promise<void>;
}

/** Redis answers in a few ms. A file must not wait longer than this for it. */
const ANSWER_MS = 500;
/** Between two files, a copy is free for less than this. */
const GRACE_MS = 1_000;

export function createSharing(options: SharingOptions): Sharing {
  const { clock, finder, pool, idleMs, say, forgetState, signal } = options;

  const ask = async (leasedCopy: LeasedCopy): Promise<Demand> => {
    if (pool.size <= 1 || signal.aborted) return NO_DEMAND;
    const answered = new AbortController();
    const late = clock.sleep(ANSWER_MS, AbortSignal.any([signal, answered.signal]));
    try {
      return await Promise.race([
        finder.demandFor(leasedCopy.lease.copy),
        late.then(() => NO_DEMAND),
      ]);
    } catch {
      return NO_DEMAND; // Redis does not answer: the copy stays where it is
    } finally {
      answered.abort();
      late.catch(() => {});
    }
  };

  const giveUp = async (leasedCopy: LeasedCopy, demand: Demand): Promise<boolean> => {
    const to = receiver(demand, { own: pool.size, leaving: pool.leaving });
    if (to === undefined || signal.aborted) return false;
    const { copy } = leasedCopy.lease;
    const left = pool.giveUp(
      leasedCopy,
      async () => {
        forgetState(leasedCopy);
        await leasedCopy.release();
      },
      demand.asks,
    );
    say(
      `share    ${copy}: released for ${to.holder.who}@${to.holder.host}, which has fewer copies`,
    );
    await left;
    return true;
  };

  /** Returns the first free copy that another run should have: a run may accept only some. */
  const freeAndNeeded = async (): Promise<
    { readonly leasedCopy: LeasedCopy; readonly demand: Demand } | undefined
  > => {
    for (const leasedCopy of pool.free) {
      const demand = await ask(leasedCopy);
      if (receiver(demand, { own: pool.size, leaving: pool.leaving }) !== undefined)
        return { leasedCopy, demand };
    }
    return undefined;
  };
  const surplus = whenIdle({
    clock,
    idleMs,
    graceMs: GRACE_MS,
    signal,
    othersWait: async () => (await freeAndNeeded()) !== undefined,
    async rest() {
      const needed = await freeAndNeeded();
      // A claim may have taken the copy meanwhile.
      if (needed !== undefined && pool.free.includes(needed.leasedCopy))
        await giveUp(needed.leasedCopy, needed.demand);
      watchFree();
    },
  });
  const watchFree = (): void => surplus.watch(pool.free.length > 0 && pool.size > 1);

  return { demandFor: ask, giveUp, watchFree, ended: () => surplus.ended() };
}
