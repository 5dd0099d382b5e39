import type { Clock } from "../../../clock/clock.ts";
import { VmrigError } from "../../../errors/vmrig-error.ts";
import type { Fence } from "../../../driver/driver.ts";
import { encodeHolder } from "../../holder.ts";
import { keysOf, rigKeys, turnKeys } from "../../keys.ts";
import type { QueueEntry, GrantedCopy } from "../../lease-backend.ts";
import { lockPrimitive, type Lock, type VotedLock } from "../lock.ts";
import { now, msSince } from "../../dual-timestamp.ts";
import { EXTEND } from "../scripts.ts";
import { ACQUIRE, READ_FENCE, RELEASE, RESTORE, WRITE_FENCE } from "./scripts.ts";
import { answers, type Servers } from "./servers.ts";

/**
 * When most have let go of a lock, the others get so long before the next waiter is woken, who
 * should find all of them free; and so long to be told whom to wake.
 */
const LET_GO_MS = 50;

/** Tells who is next in line what most servers have let go of, and what is free besides. */
export type Wake = (
  rig: { readonly rig: string; readonly copies: readonly string[] },
  released: readonly string[],
) => Promise<void>;

export interface TakerOptions {
  readonly servers: Servers;
  readonly namespace: string;
  readonly clock: Clock;
  readonly wake: Wake;
}

/**
 * Takes a copy in three steps, each with the votes of most servers: the lock; the largest fence
 * among them; a larger one, written where the lock is still ours. Any two majorities have a server
 * in common, so that who comes later sees the fence of who came before, or has its own refused.
 * Whoever is paused between the steps, until the lock is somebody else's, gets nothing.
 */
export function takerOf(
  options: TakerOptions,
): (place: QueueEntry, copy: string, ttlMs: number) => Promise<GrantedCopy | undefined> {
  const { servers, namespace, clock } = options;
  const takeLock = lockPrimitive(servers.all, {
    acquire: ACQUIRE,
    extend: EXTEND,
    release: RELEASE,
  });

  return async ({ request, id, attempt, holder }, copy, ttlMs) => {
    const { rig } = request;
    const keys = turnKeys(namespace, { rig, copies: [copy] }, id, attempt);
    const sent = now(clock);
    const lock = await takeLock(keys, ttlMs).catch((error: Error) => {
      throw new VmrigError("REDIS_UNREACHABLE", {
        message: `Most Redises gave no answer: ${error.message}`,
      });
    });
    if (lock === undefined) return undefined;
    const who = encodeHolder(holder);
    const fence = await issueFence(servers, keys, { value: lock.value, who });
    if (fence === undefined) {
      await lock.release().catch(() => {});
      return undefined;
    }
    // There is one less in line now, which may be the turn of somebody else for another copy.
    if (request.copies.length > 1) void options.wake(request, []);
    const restored = [lock.value, ttlMs, fence, who] as const;
    const restoreKeys = [
      ...rigKeys(namespace, rig, [copy]),
      keysOf(namespace, { rig, copy }).revoked,
    ];
    const restore = async (ended: () => boolean): Promise<void> => {
      const missing = await lock.refusals();
      if (ended()) return;
      await Promise.allSettled(
        missing.map((server) =>
          server.run(RESTORE, restoreKeys, [...restored, Math.round(msSince(sent, clock))]),
        ),
      );
    };
    return {
      copy,
      fence,
      lock: asLockOf(lock, { restore, wake: () => options.wake(request, [copy]), clock }),
    };
  };
}

/** @returns nothing when less than the majority wrote it down: then it may not be used */
async function issueFence(
  servers: Servers,
  keys: readonly string[],
  { value, who }: { readonly value: string; readonly who: string },
): Promise<Fence | undefined> {
  const reads = await servers.poll(
    async (server) =>
      (await server.run(READ_FENCE, keys, [value])) as [fence: string, micros: string] | null,
    (ballots) =>
      answers(ballots).filter(({ answer }) => answer !== null).length >= servers.majority,
  );
  const seen = answers(reads).flatMap(({ answer }) => (answer === null ? [] : [answer]));
  if (seen.length < servers.majority) return undefined;
  const fence = Math.max(
    ...seen.map(([last]) => Number(last) + 1),
    ...seen.map(([, micros]) => Number(micros)),
  );
  const writes = await servers.poll(
    async (server) => (await server.run(WRITE_FENCE, keys, [value, fence, who])) === 1,
    (ballots) => answers(ballots).filter(({ answer }) => answer).length >= servers.majority,
  );
  return answers(writes).filter(({ answer }) => answer).length >= servers.majority
    ? fence
    : undefined;
}

function asLockOf(
  lock: VotedLock,
  {
    restore,
    wake,
    clock,
  }: {
    readonly restore: (ended: () => boolean) => Promise<void>;
    readonly wake: () => Promise<void>;
    readonly clock: Clock;
  },
): Lock {
  let ended = false;
  return {
    value: lock.value,
    async extend(ttlMs) {
      const extended = await lock.extend(ttlMs);
      if (extended) void restore(() => ended);
      return extended;
    },
    async release() {
      ended = true;
      await lock.release();
      await briefly(lock.refusals(), clock);
      await briefly(wake(), clock);
    },
  };
}

async function briefly(work: Promise<unknown>, clock: Clock): Promise<void> {
  const over = new AbortController();
  await Promise.race([work, clock.sleep(LET_GO_MS, over.signal)]);
  over.abort();
}
