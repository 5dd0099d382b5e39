import { JOIN_QUEUE, READ_HOLDER, QUEUE_RULES, OWN_WAITER, RESTARTED } from "../queue-lua.ts";
import { NOW, script } from "../../../redis/script.ts";

/**
 * Vote of one server. redlock runs it with the `turnKeys` of one copy and ARGV value, ttlMs. The
 * queue decides beforehand which waiter may take the lock. The lock has no fence yet and no client
 * treats it as held: see {@link WRITE_FENCE}.
 */
export const ACQUIRE = `${NOW}${OWN_WAITER}${RESTARTED}
if redis.call('EXISTS', KEYS[4]) == 1 or restarted(tonumber(ARGV[2])) > 0 then return 0 end
redis.call('SET', KEYS[4], ARGV[1], 'PX', ARGV[2])
redis.call('DEL', KEYS[5])
redis.call('HSET', KEYS[5], 'id', me, 'attempt', attempt, 'since', now)
redis.call('PEXPIRE', KEYS[5], ARGV[2])
return #KEYS
`;

/**
 * Releases the lock on one server. redlock runs it with the `turnKeys` of one copy and ARGV value.
 * Wakes no waiter: {@link WAKE} does when most servers have released the lock.
 */
export const RELEASE = `
if redis.call('GET', KEYS[4]) == ARGV[1] then redis.call('DEL', KEYS[4], KEYS[5]) end
return #KEYS
`;

/**
 * Wakes the waiters for copies that are free on this server and for copies that most servers have
 * released. Runs with `rigKeys` and ARGV the names of the latter.
 */
export const WAKE = script(`${NOW}${QUEUE_RULES}
local free = unlocked()
for _, name in ipairs(ARGV) do free[name] = true end
purge()
wake(free)
return 1
`);

/**
 * Phase one: returns the largest fence and the clock in microseconds to the holder of the lock.
 * Runs with `turnKeys` of one copy and ARGV value.
 */
export const READ_FENCE = script(`${NOW}
if redis.call('GET', KEYS[4]) ~= ARGV[1] then return false end
return { redis.call('GET', KEYS[6]) or '0', string.format('%.0f', t[1] * 1000000 + t[2]) }
`);

/**
 * Phase two: writes the fence if the caller still has the lock and the fence is larger. Removes the
 * waiter from the queue in any case: most servers have voted for it. Runs with the `turnKeys` of
 * one copy and ARGV value, fence, holder.
 */
export const WRITE_FENCE = script(`${OWN_WAITER}${QUEUE_RULES}
remove(me)
local ours = redis.call('GET', KEYS[4]) == ARGV[1] and tonumber(redis.call('GET', KEYS[6]) or '0') < tonumber(ARGV[2])
if ours then
  redis.call('SET', KEYS[6], ARGV[2])
  redis.call('HSET', KEYS[5], 'fence', ARGV[2], 'who', ARGV[3])
end
return ours and 1 or 0
`);

/**
 * Restores a lock on a server that lost it while the majority has it: the server restarted without
 * its data, or was down for longer than a TTL. Does not restore a lock on a server that recorded
 * its end by force. Runs with the `rigKeys` of the copy, then its revoked key; ARGV value, ttlMs,
 * fence, holder, held for ms.
 */
export const RESTORE = script(`${NOW}
if redis.call('EXISTS', KEYS[4]) == 1 or redis.call('HEXISTS', KEYS[7], ARGV[3]) == 1 then return 0 end
if tonumber(redis.call('GET', KEYS[6]) or '0') > tonumber(ARGV[3]) then return 0 end
redis.call('SET', KEYS[6], ARGV[3])
redis.call('SET', KEYS[4], ARGV[1], 'PX', ARGV[2])
redis.call('DEL', KEYS[5])
redis.call('HSET', KEYS[5], 'fence', ARGV[3], 'who', ARGV[4], 'since', string.format('%.0f', now - ARGV[5]))
redis.call('PEXPIRE', KEYS[5], ARGV[2])
return 1
`);

/**
 * Returns the state of the copies on one server, and for how long the server may not vote after a
 * restart. Undoes a grant to the calling waiter, whose answer it never received, unless this call
 * is older than the grant. Runs with `turnKeys` and ARGV ttlMs.
 */
export const TALLY = script(`${NOW}${OWN_WAITER}${QUEUE_RULES}${READ_HOLDER}${RESTARTED}
for _, i in pairs(at) do
  local mine = redis.call('HMGET', KEYS[i + 1], 'id', 'attempt')
  if mine[1] == me then
    if tonumber(mine[2]) >= attempt then return false end
    redis.call('DEL', KEYS[i], KEYS[i + 1])
  end
end
local holds, free = {}, false
for _, name in ipairs(names) do
  local one = hold(at[name])
  holds[#holds + 1] = one
  free = free or one[1] == -2
end
local blocked, up = 0, 0
if free then blocked, up = restarted(tonumber(ARGV[1])) end
return { holds, blocked, up }
`);

/**
 * Heartbeat of a waiter at the server that has the queue. Runs with `turnKeys` and ARGV aliveMs,
 * the result of `encodeQueueEntry`, the copies that are free.
 */
export const WAIT = script(`${NOW}${OWN_WAITER}${QUEUE_RULES}${JOIN_QUEUE}
local function free()
  local names = {}
  for i = 5, #ARGV do names[ARGV[i]] = true end
  return names
end
local ticket = join(ARGV[1], ARGV[2], ARGV[3], ARGV[4])
if purge() then wake(free(), me) end
local take, ahead = offer(assign(free(), me))
return { ticket, redis.call('ZRANK', KEYS[1], me), redis.call('ZCARD', KEYS[1]), take, ahead }
`);
