/**
 * File name of the socket of the embedded Redis. In its own module, so that a caller that only
 * reads the name does not load the code that starts a server.
 */
export const EMBEDDED_SOCKET = "redis.sock";
