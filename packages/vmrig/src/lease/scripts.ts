import { createHash } from "node:crypto";

/** A Lua script with the SHA-1 that EVALSHA knows it by. */
export interface Script {
  readonly lua: string;
  readonly sha: string;
}

const script = (lua: string): Script => ({ lua, sha: createHash("sha1").update(lua).digest("hex") });

// KEYS of all that concern the lock and its line (see turnKeys): 1 lock, 2 holder, 3 fence, 4 queue, 5 alive, 6 waiters, 7 self.

const NOW = `
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
`;
const ME = `
local me, attempt = string.match(KEYS[7], '([^:]+):(%d+)$')
attempt = tonumber(attempt)
`;
/** Takes waiters whose heartbeat stopped out of the line. */
const PURGE = `
for _, w in ipairs(redis.call('ZRANGEBYSCORE', KEYS[5], '-inf', now)) do
  redis.call('ZREM', KEYS[5], w); redis.call('ZREM', KEYS[4], w); redis.call('HDEL', KEYS[6], w)
end
`;
/** pcall: Lua is not rolled back, so a channel denied by an ACL must cost latency only. */
const WAKE_NEXT = `
redis.pcall('PUBLISH', KEYS[1] .. ':wake', redis.call('ZRANGE', KEYS[4], 0, 0)[1] or '')
`;

/**
 * Run by redlock with ARGV value, ttlMs; it must return #KEYS (granted) or any other number (refused). Only the head of the line is served.
 * The fence is a counter with the clock in microseconds as its floor: it grows even when the data set was lost. Milliseconds would not do:
 * several grants in one of them would run ahead of the clock.
 */
export const ACQUIRE = `${NOW}${ME}
if redis.call('EXISTS', KEYS[1]) == 1 then return 0 end
${PURGE}
if redis.call('ZRANGE', KEYS[4], 0, 0)[1] ~= me then return 0 end
local fence = string.format('%.0f', math.max(tonumber(redis.call('GET', KEYS[3]) or '0') + 1, t[1] * 1000000 + t[2]))
redis.call('SET', KEYS[3], fence)
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
redis.call('DEL', KEYS[2])
redis.call('HSET', KEYS[2], 'fence', fence, 'id', me, 'attempt', attempt, 'since', now, 'who', redis.call('HGET', KEYS[6], me) or '')
redis.call('PEXPIRE', KEYS[2], ARGV[2])
redis.call('ZREM', KEYS[4], me); redis.call('ZREM', KEYS[5], me); redis.call('HDEL', KEYS[6], me)
return #KEYS
`;

/** Run by redlock with ARGV value, ttlMs. */
export const EXTEND = `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('PEXPIRE', KEYS[1], ARGV[2]); redis.call('PEXPIRE', KEYS[2], ARGV[2])
return #KEYS
`;

/** Run by redlock with ARGV value. A lock that is gone counts as released; redlock's own script makes it an error (its issues 309, 313). */
export const RELEASE = `${NOW}
if redis.call('GET', KEYS[1]) == ARGV[1] then
  redis.call('DEL', KEYS[1], KEYS[2])
  ${PURGE}
  ${WAKE_NEXT}
end
return #KEYS
`;

/**
 * Heartbeat and view of a waiter; puts it in line the first time. ARGV aliveMs, holder record, ticket (0 = none yet).
 *
 * A waiter that asks while the holder record names it never saw the answer to its own grant: that grant is undone. Unless this question is
 * the older of the two, held up on a connection that was given up since: then it must change nothing.
 *
 * The ticket is the time of arrival. The waiter keeps it, so that the order of the line outlives a loss of the data set.
 */
export const WAIT = script(`${NOW}${ME}
local mine = redis.call('HMGET', KEYS[2], 'id', 'attempt')
if mine[1] == me then
  if tonumber(mine[2]) >= attempt then return false end
  redis.call('DEL', KEYS[1], KEYS[2])
end
local ticket = tonumber(redis.call('ZSCORE', KEYS[4], me) or ARGV[3])
if ticket == 0 then
  local last = redis.call('ZRANGE', KEYS[4], -1, -1, 'WITHSCORES')
  ticket = math.max((tonumber(last[2]) or 0) + 1, now)
end
redis.call('ZADD', KEYS[4], string.format('%.0f', ticket), me)
redis.call('ZADD', KEYS[5], now + ARGV[1], me)
redis.call('HSET', KEYS[6], me, ARGV[2])
${PURGE}
local alive = tonumber(redis.call('ZSCORE', KEYS[5], redis.call('ZRANGE', KEYS[4], 0, 0)[1]))
local h = redis.call('HMGET', KEYS[2], 'since', 'who')
return { ticket, redis.call('ZRANK', KEYS[4], me), redis.call('ZCARD', KEYS[4]), alive - now,
         redis.call('PTTL', KEYS[1]), h[1] and now - h[1] or -1, h[2] or '' }
`);

/** Takes a waiter out of the line, and back what it may have been granted without seeing the answer. */
export const LEAVE = script(`${ME}
redis.call('ZREM', KEYS[4], me); redis.call('ZREM', KEYS[5], me); redis.call('HDEL', KEYS[6], me)
if redis.call('HGET', KEYS[2], 'id') == me then redis.call('DEL', KEYS[1], KEYS[2]) end
if redis.call('EXISTS', KEYS[1]) == 0 then ${WAKE_NEXT} end
return 1
`);

/** Reads the fence of a grant back. ARGV value. A script of redlock cannot return it. */
export const FENCE = script(`
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return false end
return redis.call('HGET', KEYS[2], 'fence')
`);

/** Everything about a resource, for people; changes nothing. KEYS lock, holder, fence, queue, alive, waiters. */
export const VIEW = script(`${NOW}
local line = {}
for _, w in ipairs(redis.call('ZRANGE', KEYS[4], 0, -1)) do
  if (tonumber(redis.call('ZSCORE', KEYS[5], w)) or 0) > now then
    table.insert(line, redis.call('HGET', KEYS[6], w) or '')
    table.insert(line, now - redis.call('ZSCORE', KEYS[4], w))
  end
end
local h = redis.call('HMGET', KEYS[2], 'fence', 'since', 'who')
return { redis.call('PTTL', KEYS[1]), redis.call('GET', KEYS[3]) or '0', h[1] or '', h[2] and now - h[2] or -1, h[3] or '', line }
`);

// A record is written under the lock alone: the fence names the grant. KEYS lock, holder, record; ARGV fence, value.
const OURS = `
if redis.call('EXISTS', KEYS[1]) == 0 or redis.call('HGET', KEYS[2], 'fence') ~= ARGV[1] then return 0 end
`;
export const SAVE_RECORD = script(`${OURS} redis.call('SET', KEYS[3], ARGV[2]) return 1`);
export const DROP_RECORD = script(`${OURS} redis.call('DEL', KEYS[3]) return 1`);
export const READ_RECORD = script(`return redis.call('GET', KEYS[1])`);
/** Asked once on opening, so that missing credentials and permissions show at once. */
export const HELLO = script(`return redis.call('TIME')[1]`);
