// In a module of its own, so that a caller that only needs these names does not load the code that
// starts a server.

/** File name of the socket of the embedded Redis. */
export const EMBEDDED_SOCKET = "redis.sock";

/** Names the server in the errors of a claim. @param home The folder above its data. */
export function embeddedRedisIn(home: string): string {
  return `the embedded Redis of ${home}`;
}
