import { HOLD, LINE, ME, RESTARTED } from "./line-lua.ts";
import { NOW, script } from "./script.ts";

/**
 * Added to the ticket of a waiter that holds a copy already: it stands behind all who have none. Tickets are milliseconds since the epoch,
 * so that the sum stays below 2^53, where a sorted set's scores are whole numbers.
 */
export const EXTRA = 2 ** 52;
const EXTRA_LUA = EXTRA.toFixed(0);

/**
 * Run by redlock with `turnKeys` and ARGV value, ttlMs; it must return #KEYS (granted) or any other number (refused). Grants the copy that
 * the rule of the line leaves for this waiter.
 *
 * The fence is a counter with the clock in microseconds as its floor: it grows even when the data set was lost. Milliseconds would not do:
 * several grants in one of them would run ahead of the clock.
 */
export const ACQUIRE = `${NOW}${ME}${LINE}${RESTARTED}
purge()
local turn = table.remove(deal(me))
if not turn or turn.waiter ~= me or restarted(tonumber(ARGV[2])) > 0 then return 0 end
local i = at[turn.copy]
local fence = string.format('%.0f', math.max(tonumber(redis.call('GET', KEYS[i + 2]) or '0') + 1, t[1] * 1000000 + t[2]))
redis.call('SET', KEYS[i + 2], fence)
redis.call('SET', KEYS[i], ARGV[1], 'PX', ARGV[2])
redis.call('DEL', KEYS[i + 1])
redis.call('HSET', KEYS[i + 1], 'fence', fence, 'id', me, 'attempt', attempt, 'since', now, 'who', redis.call('HGET', KEYS[3], me) or '')
redis.call('PEXPIRE', KEYS[i + 1], ARGV[2])
remove(me)
wake()
return #KEYS
`;

/** Run by redlock with `turnKeys` and ARGV value, ttlMs. Changes nothing of a lock that is kept for longer already, and refuses one that is not. */
export const EXTEND = `
for i = 4, #KEYS - 2, 3 do
  if redis.call('GET', KEYS[i]) == ARGV[1] then
    if redis.call('HEXISTS', KEYS[i + 1], 'kept') == 1 then
      return redis.call('PTTL', KEYS[i]) >= tonumber(ARGV[2]) and #KEYS or 0
    end
    redis.call('PEXPIRE', KEYS[i], ARGV[2]); redis.call('PEXPIRE', KEYS[i + 1], ARGV[2])
    return #KEYS
  end
end
return 0
`;

/** Run by redlock with `turnKeys` and ARGV value. A lock that is gone counts as released; redlock's own script makes it an error (its issues 309, 313). */
export const RELEASE = `${NOW}${LINE}
for i = 4, #KEYS - 2, 3 do
  if redis.call('GET', KEYS[i]) == ARGV[1] then
    redis.call('DEL', KEYS[i], KEYS[i + 1])
    purge()
    wake()
  end
end
return #KEYS
`;

/**
 * Heartbeat and view of a waiter; puts it in line the first time. Run with `turnKeys` and ARGV aliveMs, waiter's record, ticket (0 = none
 * yet), extra (1 or 0), ttlMs.
 *
 * A waiter that asks while a holder record names it never saw the answer to its own grant: that grant is undone. Unless this question is
 * the older of the two, held up on a connection that was given up since: then it must change nothing.
 *
 * The ticket is the time of arrival. The waiter keeps it, so that the order of the line outlives a loss of the data set.
 */
export const WAIT = script(`${NOW}${ME}${LINE}${HOLD}${RESTARTED}
local changed = false
for _, i in pairs(at) do
  local mine = redis.call('HMGET', KEYS[i + 1], 'id', 'attempt')
  if mine[1] == me then
    if tonumber(mine[2]) >= attempt then return false end
    redis.call('DEL', KEYS[i], KEYS[i + 1])
    changed = true
  end
end
local ticket = tonumber(redis.call('ZSCORE', KEYS[1], me) or ARGV[3])
if ticket == 0 then
  local floor = ARGV[4] == '1' and ${EXTRA_LUA} or 0
  local last = redis.call('ZREVRANGEBYSCORE', KEYS[1], floor == 0 and '(${EXTRA_LUA}' or '+inf', floor, 'WITHSCORES', 'LIMIT', 0, 1)
  ticket = math.max((tonumber(last[2]) or 0) + 1, floor + now)
end
redis.call('ZADD', KEYS[1], string.format('%.0f', ticket), me)
redis.call('ZADD', KEYS[2], now + ARGV[1], me)
redis.call('HSET', KEYS[3], me, ARGV[2])
if purge() or changed then wake(me) end

local held, wanted = {}, {}
for _, name in ipairs(accepted(me)) do
  wanted[name] = true
  if at[name] then held[#held + 1] = name; held[#held + 1] = hold(at[name]) end
end
local take, ahead, blocked, up = '', -1, 0, 0
local dealt = deal(me)
if #dealt > 0 then blocked, up = restarted(tonumber(ARGV[5])) end
for _, turn in ipairs(dealt) do
  if turn.waiter == me then
    take = blocked == 0 and turn.copy or ''
  elseif wanted[turn.copy] then
    local left = redis.call('ZSCORE', KEYS[2], turn.waiter) - now
    if ahead < 0 or left < ahead then ahead = left end
  end
end
return { ticket, redis.call('ZRANK', KEYS[1], me), redis.call('ZCARD', KEYS[1]), take, ahead, held, blocked, up }
`);

/** Takes a waiter out of the line, and back what it may have been granted without seeing the answer. Run with `turnKeys`. */
export const LEAVE = script(`${NOW}${ME}${LINE}
remove(me)
for _, i in pairs(at) do
  if redis.call('HGET', KEYS[i + 1], 'id') == me then redis.call('DEL', KEYS[i], KEYS[i + 1]) end
end
wake()
return 1
`);

/** Which copy was granted, with which fence. Run with `turnKeys` and ARGV value. A script of redlock cannot return it. */
export const GRANT = script(`
for i = 4, #KEYS - 2, 3 do
  if redis.call('GET', KEYS[i]) == ARGV[1] then
    return { string.match(KEYS[i], '([^:]+):lock$'), redis.call('HGET', KEYS[i + 1], 'fence') }
  end
end
return false
`);
