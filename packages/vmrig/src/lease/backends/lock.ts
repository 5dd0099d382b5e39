import Redlock, {
  ExecutionError,
  ResourceLockedError,
  type ExecutionResult,
  type ExecutionStats,
  type Lock as RedlockLock,
} from "redlock";
import type { RedisConnection } from "../../redis/connection.ts";

/**
 * A lock in Redis. Every call is one try; it throws an Error with a short message when Redis did
 * not answer.
 */
export interface Lock {
  readonly value: string;
  /** Sets the TTL anew. `false`: Redis says that the lock is not ours any more. */
  extend(ttlMs: number): Promise<boolean>;
  /** A lock that is gone already counts as released. */
  release(): Promise<void>;
}

/**
 * A lock that several servers voted for. A call ends with their majority; this is about the rest.
 */
export interface VotedLock extends Lock {
  /**
   * Resolves when every server has voted on the last call, or has been silent for too long: with
   * those that refused.
   */
  refusals(): Promise<readonly RedisConnection[]>;
}

/** One try to take a lock. `undefined`: there is none for this waiter. */
export type TakeLock = (keys: readonly string[], ttlMs: number) => Promise<VotedLock | undefined>;

/**
 * What redlock runs on each server, with the keys of `TakeLock` and ARGV value, ttlMs. They return
 * #KEYS for yes, any other number for no.
 */
export interface LockScripts {
  readonly acquire: string;
  readonly extend: string;
  readonly release: string;
}

/** The only place that knows redlock: just its three primitives, no retries, no `using()`. */
export function lockPrimitive(servers: readonly RedisConnection[], scripts: LockScripts): TakeLock {
  // Scripts must be functions: 5.0.0-beta.2 ignores strings without a word, though its types allow
  // them.
  const redlock = new Redlock(
    servers.map(({ redis }) => redis),
    { retryCount: 0 },
    {
      acquireScript: () => scripts.acquire,
      extendScript: () => scripts.extend,
      releaseScript: () => scripts.release,
    },
  );
  return async (keys, ttlMs) => {
    const lock = await answered(servers, () => redlock.acquire([...keys], ttlMs), lostTheVote);
    return lock === undefined ? undefined : asLock(servers, redlock, lock);
  };
}

function asLock(
  servers: readonly RedisConnection[],
  redlock: Redlock,
  granted: RedlockLock,
): VotedLock {
  let lock = granted;
  let last: ExecutionResult = granted;
  return {
    value: granted.value,
    async extend(ttlMs) {
      // Our own deadline decides whether to renew, on two clocks; redlock's looks at the wall clock
      // alone.
      lock.expiration = Number.MAX_SAFE_INTEGER;
      const extended = await answered(servers, () => redlock.extend(lock, ttlMs));
      if (extended === undefined) return false;
      last = lock = extended;
      return true;
    },
    async release() {
      last = (await answered(servers, () => redlock.release(lock))) ?? last;
    },
    async refusals() {
      const { votesAgainst } = (await last.attempts.at(-1)) ?? {
        votesAgainst: new Map() as ExecutionStats["votesAgainst"],
      };
      return servers.filter(({ redis }) => votesAgainst.get(redis) instanceof ResourceLockedError);
    },
  };
}

type IsNo = (refusals: number, stats: ExecutionStats) => boolean;
const refused: IsNo = (refusals, { quorumSize }) => refusals >= quorumSize;
/**
 * Of an acquire, also votes that were split between several who asked: there is nothing to have for
 * now.
 */
const lostTheVote: IsNo = (refusals, { votesFor, quorumSize }) =>
  refusals > 0 && refusals + votesFor.size >= quorumSize;

/**
 * `undefined` when the servers said no. redlock's errors hold its clients, with their credentials:
 * they do not leave this function.
 */
async function answered<T>(
  servers: readonly RedisConnection[],
  ask: () => Promise<T>,
  isNo: IsNo = refused,
): Promise<T | undefined> {
  try {
    return await ask();
  } catch (error) {
    if (!(error instanceof ExecutionError)) throw error;
    const stats = await error.attempts.at(-1);
    const refusals = [...(stats?.votesAgainst.values() ?? [])].filter(
      (vote) => vote instanceof ResourceLockedError,
    ).length;
    if (stats !== undefined && isNo(refusals, stats)) return undefined;
    // oxlint-disable-next-line preserve-caught-error -- the cause is what must not get out
    throw new Error(stats === undefined ? error.message : describeVotes(servers, stats));
  }
}

function describeVotes(
  servers: readonly RedisConnection[],
  { votesFor, votesAgainst, membershipSize }: ExecutionStats,
): string {
  const [only] = votesAgainst.values();
  if (membershipSize === 1) return only?.message ?? "";
  const against = servers.flatMap(({ redis, shown }) => {
    const vote = votesAgainst.get(redis);
    return vote === undefined
      ? []
      : [`${shown}: ${vote instanceof ResourceLockedError ? "refused" : vote.message}`];
  });
  return `${votesFor.size} of ${membershipSize} agreed; ${against.join("; ")}`;
}
