/** One copy of a rig, by name: `pcs-1` of `pcs`. */
export interface CopyName {
  readonly rig: string;
  readonly copy: string;
}

/**
 * The keys of one copy. They share the hash tag of their rig, so that each script is single-slot in
 * a Redis Cluster.
 */
export interface CopyKeys {
  readonly lock: string;
  /** Hash with the TTL of the lock: who, since when, with which fence. */
  readonly holder: string;
  /** The largest fence issued. Never expires. */
  readonly fence: string;
  /** Hash: fence of a lease that was taken away by force → when, and by whom. Expires. */
  readonly revoked: string;
  /** The small JSON value kept beside the lease. Never expires. */
  readonly record: string;
}

export function keysOf(namespace: string, { rig, copy }: CopyName): CopyKeys {
  const key = (name: string) => `${namespace}:{${rig}}:${copy}:${name}`;
  return {
    lock: key("lock"),
    holder: key("holder"),
    fence: key("fence"),
    revoked: key("revoked"),
    record: key("record"),
  };
}

/**
 * What a script that knows a rig's line is run with, in the order that it expects: the line's queue
 * (sorted set: ticket → waiter), alive (sorted set: time until which a waiter counts as alive →
 * waiter) and waiters (hash: waiter → its record), then lock, holder and fence of each copy.
 */
export function rigKeys(namespace: string, rig: string, copies: readonly string[]): string[] {
  const line = ["queue", "alive", "waiters"].map((name) => `${namespace}:{${rig}}:${name}`);
  return line.concat(
    copies.flatMap((copy) => {
      const { lock, holder, fence } = keysOf(namespace, { rig, copy });
      return [lock, holder, fence];
    }),
  );
}

/**
 * {@link rigKeys} for one waiter. The last is never stored: a key is the only way through redlock's
 * public interface to tell a script which waiter asks, and in which of its attempts.
 */
export function turnKeys(
  namespace: string,
  { rig, copies }: { readonly rig: string; readonly copies: readonly string[] },
  waiter: string,
  attempt: number,
): string[] {
  return [...rigKeys(namespace, rig, copies), `${namespace}:{${rig}}:w:${waiter}:${attempt}`];
}

/**
 * Where waiters are told by their id that there is a copy for them. Derived the same way inside the
 * scripts.
 */
export function wakeChannel(namespace: string, rig: string): string {
  return `${namespace}:{${rig}}:queue:wake`;
}
