/** Name of one copy of a rig: `pcs-1` of `pcs`. */
export interface CopyName {
  readonly rig: string;
  readonly copy: string;
}

/**
 * Keys of one copy. All contain the hash tag of their rig, so that each script uses a single slot
 * of a Redis Cluster.
 */
export interface CopyKeys {
  readonly lock: string;
  /** Hash with the TTL of the lock: holder, start time, fence. */
  readonly holder: string;
  /** Largest fence issued so far. Never expires. */
  readonly fence: string;
  /** Hash: fence of a lease that was ended by force → time and person. Expires. */
  readonly revoked: string;
  /** Small JSON value stored with the lease. Never expires. */
  readonly record: string;
  /** Time at which a run last used the machines, by Redis' clock. Never expires. */
  readonly used: string;
}

export function keysOf(namespace: string, { rig, copy }: CopyName): CopyKeys {
  const key = (name: string) => `${namespace}:{${rig}}:${copy}:${name}`;
  return {
    lock: key("lock"),
    holder: key("holder"),
    fence: key("fence"),
    revoked: key("revoked"),
    record: key("record"),
    used: key("used"),
  };
}

/**
 * Returns the keys of a script that uses the queue of a rig, in the order that the script expects:
 * queue (sorted set: ticket → waiter), alive (sorted set: time until which a waiter counts as alive
 * → waiter) and waiters (hash: waiter → its record), then lock, holder and fence of each copy.
 */
export function rigKeys(namespace: string, rig: string, copies: readonly string[]): string[] {
  const queue = ["queue", "alive", "waiters"].map((name) => `${namespace}:{${rig}}:${name}`);
  return queue.concat(
    copies.flatMap((copy) => {
      const { lock, holder, fence } = keysOf(namespace, { rig, copy });
      return [lock, holder, fence];
    }),
  );
}

/**
 * {@link rigKeys} for one waiter. The last key is never stored. It passes the waiter and its
 * attempt to a script: the public interface of redlock offers no other way.
 */
export function queueKeys(
  namespace: string,
  { rig, copies }: { readonly rig: string; readonly copies: readonly string[] },
  waiter: string,
  attempt: number,
): string[] {
  return [...rigKeys(namespace, rig, copies), `${namespace}:{${rig}}:w:${waiter}:${attempt}`];
}

/**
 * Channel on which a script publishes the id of a waiter when a copy is available for it. The
 * scripts derive the name in the same way.
 */
export function wakeChannel(namespace: string, rig: string): string {
  return `${namespace}:{${rig}}:queue:wake`;
}
