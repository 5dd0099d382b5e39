import Redlock, {
  ExecutionError,
  ResourceLockedError,
  type ExecutionResult,
  type ExecutionStats,
  type Lock as RedlockLock,
} from "redlock";
import type { RedisConnection } from "../../redis/connection.ts";
import { refusalIn, type Refusal } from "../../redis/refusal.ts";

/** Too few servers did what a call asked for, and too few reported that the lock is gone. */
export class LockError extends Error {
  /** Missing when too few servers answered at all. */
  readonly refusal: Refusal | undefined;

  constructor(message: string, refusal: Refusal | undefined) {
    super(message);
    this.refusal = refusal;
  }
}

/**
 * Lock in Redis. Each call is one attempt. It throws a {@link LockError} with a short message when
 * Redis does not answer, or refuses the command.
 */
export interface Lock {
  readonly value: string;
  /** Resets the TTL. `false`: Redis reports that the lock is no longer held by this process. */
  extend(ttlMs: number): Promise<boolean>;
  /** Releases the lock. A lock that no longer exists counts as released. */
  release(): Promise<void>;
}

/**
 * Lock that several servers voted for. A call settles with their majority. This interface covers
 * the rest.
 */
export interface VotedLock extends Lock {
  /**
   * Resolves when every server has voted on the last call or did not answer in time. Returns the
   * servers that refused.
   */
  refusals(): Promise<readonly RedisConnection[]>;
}

/** Tries once to take a lock. `undefined`: no lock is available for this waiter. */
export type TakeLock = (keys: readonly string[], ttlMs: number) => Promise<VotedLock | undefined>;

/**
 * Scripts that redlock runs on each server, with the keys of `TakeLock` and ARGV value, ttlMs. A
 * script returns #KEYS for success, any other number for refusal.
 */
export interface LockScripts {
  readonly acquire: string;
  readonly extend: string;
  readonly release: string;
}

/**
 * Returns the lock function of a set of servers. The only code that uses redlock: its three
 * primitives, without retries and without `using()`.
 */
export function lockPrimitive(servers: readonly RedisConnection[], scripts: LockScripts): TakeLock {
  // Scripts must be functions: 5.0.0-beta.2 silently ignores strings, although its types allow
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
      // The lease renewer decides when to renew, on two clocks. The deadline of redlock uses the
      // wall clock alone.
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

type IsRefusal = (refusals: number, stats: ExecutionStats) => boolean;
const refused: IsRefusal = (refusals, { quorumSize }) => refusals >= quorumSize;
/**
 * For an acquire, votes split between several waiters also count as a refusal: no lock is available
 * for now.
 */
const lostTheVote: IsRefusal = (refusals, { votesFor, quorumSize }) =>
  refusals > 0 && refusals + votesFor.size >= quorumSize;

/**
 * Returns `undefined` when the servers refused. The errors of redlock contain its clients and their
 * credentials, so they must not leave this function.
 */
async function answered<T>(
  servers: readonly RedisConnection[],
  ask: () => Promise<T>,
  isRefusal: IsRefusal = refused,
): Promise<T | undefined> {
  try {
    return await ask();
  } catch (error) {
    if (!(error instanceof ExecutionError)) throw error;
    const stats = await error.attempts.at(-1);
    const refusals = [...(stats?.votesAgainst.values() ?? [])].filter(
      (vote) => vote instanceof ResourceLockedError,
    ).length;
    if (stats !== undefined && isRefusal(refusals, stats)) return undefined;
    // Without the cause, which contains credentials.
    throw stats === undefined
      ? new LockError(error.message, undefined)
      : new LockError(describeVotes(servers, stats), refusalOf(stats));
  }
}

/**
 * Returns what the servers reply that answer but cannot do what they are asked, such as replicas.
 * Nothing when too few servers answer.
 */
function refusalOf({
  votesFor,
  votesAgainst,
  membershipSize,
  quorumSize,
}: ExecutionStats): Refusal | undefined {
  const against = [...votesAgainst.values()];
  const denied = against.filter((vote) => vote instanceof ResourceLockedError).length;
  const refusals = against.flatMap(({ message }) => refusalIn(message) ?? []);
  const [first] = refusals;
  if (first === undefined || votesFor.size + denied + refusals.length < quorumSize)
    return undefined;
  if (membershipSize === 1) return first;
  return { ...first, reply: `${refusals.length} of ${membershipSize} servers: ${first.reply}` };
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
