import { JOIN_QUEUE, OWN_WAITER, QUEUE_RULES, READ_HOLDER, RESTARTED } from "./queue-lua.ts";
import { NOW, REFUSE_AS_REPLICA, script } from "../../redis/script.ts";

/**
 * Grants the copy that the queue rule leaves for this waiter. redlock runs it with `turnKeys` and
 * ARGV value, ttlMs. It must return #KEYS (granted) or any other number (refused).
 *
 * The fence is a counter with the clock in microseconds as its floor: it grows even when the data
 * set was lost. Milliseconds would not do: several grants in one millisecond would make the counter
 * run ahead of the clock.
 */
export const ACQUIRE = `${NOW}${OWN_WAITER}${QUEUE_RULES}${RESTARTED}
purge()
local entry = table.remove(assign(unlocked(), me))
if not entry or entry.waiter ~= me or restarted(tonumber(ARGV[2])) > 0 then return 0 end
local i = at[entry.copy]
local fence = string.format('%.0f', math.max(tonumber(redis.call('GET', KEYS[i + 2]) or '0') + 1, t[1] * 1000000 + t[2]))
redis.call('SET', KEYS[i + 2], fence)
redis.call('SET', KEYS[i], ARGV[1], 'PX', ARGV[2])
redis.call('DEL', KEYS[i + 1])
redis.call('HSET', KEYS[i + 1], 'fence', fence, 'id', me, 'attempt', attempt, 'since', now, 'who', redis.call('HGET', KEYS[3], me) or '')
redis.call('PEXPIRE', KEYS[i + 1], ARGV[2])
remove(me)
wake(unlocked())
return #KEYS
`;

/**
 * Renews a lock. redlock runs it with `turnKeys` and ARGV value, ttlMs. Does not change a lock that
 * is retained for longer already, and refuses to extend one that is retained for less.
 */
export const EXTEND = `
for i = 4, #KEYS - 2, 3 do
  if redis.call('GET', KEYS[i]) == ARGV[1] then
    if redis.call('HEXISTS', KEYS[i + 1], 'retained') == 1 then
      return redis.call('PTTL', KEYS[i]) >= tonumber(ARGV[2]) and #KEYS or 0
    end
    redis.call('PEXPIRE', KEYS[i], ARGV[2]); redis.call('PEXPIRE', KEYS[i + 1], ARGV[2])
    return #KEYS
  end
end
${REFUSE_AS_REPLICA}
return 0
`;

/**
 * Releases a lock. redlock runs it with `turnKeys` and ARGV value. A lock that no longer exists
 * counts as released. The own script of redlock treats that as an error (its issues 309, 313).
 */
export const RELEASE = `${NOW}${QUEUE_RULES}
for i = 4, #KEYS - 2, 3 do
  if redis.call('GET', KEYS[i]) == ARGV[1] then
    redis.call('DEL', KEYS[i], KEYS[i + 1])
    purge()
    wake(unlocked())
    return #KEYS
  end
end
${REFUSE_AS_REPLICA}
return #KEYS
`;

/**
 * Heartbeat of a waiter and its view of the queue. Adds the waiter to the queue the first time.
 * Runs with `turnKeys` and ARGV aliveMs, record of the waiter, ticket (0 = none yet), extra (1 or
 * 0), ttlMs.
 *
 * A waiter that sends a heartbeat while a holder record names it never received the answer to its
 * own grant. That grant is undone. The exception is a heartbeat that is older than the grant,
 * delayed on a connection that was given up since: it must not change anything.
 *
 * The ticket is the time of arrival. The waiter stores it, so that the order of the queue outlives
 * a loss of the data set.
 */
export const WAIT = script(`${NOW}${OWN_WAITER}${QUEUE_RULES}${JOIN_QUEUE}${READ_HOLDER}${RESTARTED}
local changed = false
for _, i in pairs(at) do
  local mine = redis.call('HMGET', KEYS[i + 1], 'id', 'attempt')
  if mine[1] == me then
    if tonumber(mine[2]) >= attempt then return false end
    redis.call('DEL', KEYS[i], KEYS[i + 1])
    changed = true
  end
end
local ticket = join(ARGV[1], ARGV[2], ARGV[3], ARGV[4])
if purge() or changed then wake(unlocked(), me) end

local held = {}
for _, name in ipairs(accepted(me)) do
  if at[name] then held[#held + 1] = name; held[#held + 1] = hold(at[name]) end
end
local assigned, blocked, up = assign(unlocked(), me), 0, 0
if #assigned > 0 then blocked, up = restarted(tonumber(ARGV[5])) end
local take, ahead = offer(assigned)
if blocked > 0 then take = '' end
return { ticket, redis.call('ZRANK', KEYS[1], me), redis.call('ZCARD', KEYS[1]), take, ahead, held, blocked, up }
`);

/**
 * Removes a waiter from the queue, and releases a grant whose answer it never received. Runs with
 * `turnKeys`.
 */
export const LEAVE = script(`${NOW}${OWN_WAITER}${QUEUE_RULES}
remove(me)
for _, i in pairs(at) do
  if redis.call('HGET', KEYS[i + 1], 'id') == me then redis.call('DEL', KEYS[i], KEYS[i + 1]) end
end
wake(unlocked())
return 1
`);

/**
 * Returns the granted copy and its fence, which a script of redlock cannot return. Runs with
 * `turnKeys` and ARGV value.
 */
export const GRANT = script(`
for i = 4, #KEYS - 2, 3 do
  if redis.call('GET', KEYS[i]) == ARGV[1] then
    return { string.match(KEYS[i], '([^:]+):lock$'), redis.call('HGET', KEYS[i + 1], 'fence') }
  end
end
return false
`);
