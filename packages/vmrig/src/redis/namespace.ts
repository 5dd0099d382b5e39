/** First part of every key and channel of vmrig, unless the config sets another prefix. */
export const DEFAULT_NAMESPACE = "vmrig";

/**
 * Key of a server's id. Never expires: a changed id means another Redis, or one that lost its data.
 */
export function idKey(namespace: string): string {
  return `${namespace}:id`;
}

/**
 * Key of the id that several Redis servers of one store share. It differs from {@link idKey},
 * because a client that uses one of these servers alone has other leases.
 */
export function setIdKey(namespace: string): string {
  return `${namespace}:set-id`;
}
