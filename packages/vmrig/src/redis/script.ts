import { createHash } from "node:crypto";

/** A Lua script with the SHA-1 that EVALSHA knows it by. */
export interface Script {
  readonly lua: string;
  readonly sha: string;
}

export function script(lua: string): Script {
  return { lua, sha: createHash("sha1").update(lua).digest("hex") };
}

/** Redis' clock, the only one that all agree on: `t` as it comes, `now` in milliseconds. */
export const NOW = `
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
`;
