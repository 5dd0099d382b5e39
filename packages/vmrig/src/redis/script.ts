import { createHash } from "node:crypto";

/** Lua script and its SHA-1, for EVALSHA. */
export interface Script {
  readonly lua: string;
  readonly sha: string;
}

export function script(lua: string): Script {
  return { lua, sha: createHash("sha1").update(lua).digest("hex") };
}

/**
 * The clock of Redis, the only clock that all clients share: `t` is the reply of TIME, `now` is in
 * milliseconds.
 */
export const NOW = `
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
`;

/**
 * Fails with READONLY on a replica, and changes nothing on a primary. A script that found no lock
 * and would write nothing runs it: a replica that lags, or that replicates another server since,
 * must not decide that a lease is over. `PEXPIRE` of a key that never exists fits any key.
 */
export const REFUSE_AS_REPLICA = `redis.call('PEXPIRE', KEYS[1] .. ':none', 1)`;
