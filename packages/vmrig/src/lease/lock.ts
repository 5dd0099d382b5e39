import type { Redis } from "ioredis";
import Redlock, { ExecutionError, ResourceLockedError, type Lock as RedlockLock } from "redlock";
import { ACQUIRE, EXTEND, RELEASE } from "./scripts.ts";

/** A lock in Redis. Every call is one try; it throws an Error with a short message when Redis did not answer. */
export interface Lock {
  readonly value: string;
  /** Sets the TTL anew. `false`: Redis says that the lock is not ours any more. */
  extend(ttlMs: number): Promise<boolean>;
  /** A lock that is gone already counts as released. */
  release(): Promise<void>;
}

/** One try to take a lock. `undefined`: there is none for this waiter. */
export type TakeLock = (keys: readonly string[], ttlMs: number) => Promise<Lock | undefined>;

/** The only place that knows redlock: just its three primitives, no retries, no `using()`. */
export function lockPrimitive(redis: Redis): TakeLock {
  // Scripts must be functions: 5.0.0-beta.2 ignores strings without a word, though its types allow them.
  const redlock = new Redlock(
    [redis],
    { retryCount: 0 },
    { acquireScript: () => ACQUIRE, extendScript: () => EXTEND, releaseScript: () => RELEASE },
  );
  return async (keys, ttlMs) => {
    const lock = await answered(() => redlock.acquire([...keys], ttlMs));
    return lock === undefined ? undefined : asLock(redlock, lock);
  };
}

function asLock(redlock: Redlock, granted: RedlockLock): Lock {
  let lock = granted;
  return {
    value: granted.value,
    async extend(ttlMs) {
      // Our own deadline decides whether to renew, on two clocks; redlock's looks at the wall clock alone.
      lock.expiration = Number.MAX_SAFE_INTEGER;
      const extended = await answered(() => redlock.extend(lock, ttlMs));
      if (extended === undefined) return false;
      lock = extended;
      return true;
    },
    async release() {
      await answered(() => redlock.release(lock));
    },
  };
}

/** `undefined` when a quorum of servers said no. redlock's errors hold its clients, with their credentials: they do not leave this function. */
async function answered<T>(ask: () => Promise<T>): Promise<T | undefined> {
  try {
    return await ask();
  } catch (error) {
    if (!(error instanceof ExecutionError)) throw error;
    const stats = await error.attempts.at(-1);
    const votes = [...(stats?.votesAgainst.values() ?? [])];
    const refusals = votes.filter((vote) => vote instanceof ResourceLockedError).length;
    if (stats !== undefined && refusals >= stats.quorumSize) return undefined;
    // oxlint-disable-next-line preserve-caught-error -- the cause is what must not get out
    throw new Error(votes.map((vote) => vote.message).join("; ") || error.message);
  }
}
