/** The keys of one resource. All share one hash tag, so that each script is single-slot in a Redis Cluster. */
export interface ResourceKeys {
  readonly lock: string;
  /** Hash with the TTL of the lock: who, since when, with which fence. */
  readonly holder: string;
  /** The largest fence issued. Never expires. */
  readonly fence: string;
  /** Sorted set: ticket → waiter. */
  readonly queue: string;
  /** Sorted set: time until which a waiter counts as alive → waiter. */
  readonly alive: string;
  /** Hash: waiter → its holder record. */
  readonly waiters: string;
  /** The small JSON value kept beside the lease. Never expires. */
  readonly record: string;
}

export function keysOf(namespace: string, resource: string): ResourceKeys {
  const key = (name: string) => `${namespace}:{${resource}}:${name}`;
  return {
    lock: key("lock"),
    holder: key("holder"),
    fence: key("fence"),
    queue: key("queue"),
    alive: key("alive"),
    waiters: key("waiters"),
    record: key("record"),
  };
}

/**
 * What the scripts of the lock and its line are run with, in the order that they expect. The last is never stored: a key is the only way
 * through redlock's public interface to tell a script which waiter asks, and in which of its attempts.
 */
export function turnKeys(namespace: string, resource: string, waiter: string, attempt: number): string[] {
  const keys = keysOf(namespace, resource);
  return [keys.lock, keys.holder, keys.fence, keys.queue, keys.alive, keys.waiters, `${namespace}:{${resource}}:w:${waiter}:${attempt}`];
}

/** Where the next in line is told by its id that the lock is free. Derived the same way inside the scripts. */
export function wakeChannel(lockKey: string): string {
  return `${lockKey}:wake`;
}
