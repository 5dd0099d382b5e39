/**
 * What the socket of the embedded Redis is called in its folder. By itself: whoever only looks
 * should not load what starts one.
 */
export const EMBEDDED_SOCKET = "redis.sock";
