import { ENLIST, HOLD, LINE, ME, RESTARTED } from "../queue-lua.ts";
import { NOW, script } from "../../../redis/script.ts";

/**
 * One server's vote. Run by redlock with the `turnKeys` of one copy and ARGV value, ttlMs. Who may
 * ask is settled before, where the line is. The lock has no fence yet, and nobody believes in it:
 * see {@link WRITE_FENCE}.
 */
export const ACQUIRE = `${NOW}${ME}${RESTARTED}
if redis.call('EXISTS', KEYS[4]) == 1 or restarted(tonumber(ARGV[2])) > 0 then return 0 end
redis.call('SET', KEYS[4], ARGV[1], 'PX', ARGV[2])
redis.call('DEL', KEYS[5])
redis.call('HSET', KEYS[5], 'id', me, 'attempt', attempt, 'since', now)
redis.call('PEXPIRE', KEYS[5], ARGV[2])
return #KEYS
`;

/**
 * Run by redlock with the `turnKeys` of one copy and ARGV value. Wakes nobody: that is for when
 * most servers have let go.
 */
export const RELEASE = `
if redis.call('GET', KEYS[4]) == ARGV[1] then redis.call('DEL', KEYS[4], KEYS[5]) end
return #KEYS
`;

/**
 * Wakes who may have what is free here, and what most servers have let go of. Run with `rigKeys`
 * and ARGV the names of the latter.
 */
export const WAKE = script(`${NOW}${LINE}
local free = unlocked()
for _, name in ipairs(ARGV) do free[name] = true end
purge()
wake(free)
return 1
`);

/**
 * The largest fence and the clock in microseconds, for who has the lock: phase one. Run with
 * `turnKeys` of one copy and ARGV value.
 */
export const READ_FENCE = script(`${NOW}
if redis.call('GET', KEYS[4]) ~= ARGV[1] then return false end
return { redis.call('GET', KEYS[6]) or '0', string.format('%.0f', t[1] * 1000000 + t[2]) }
`);

/**
 * Phase two: the fence, for who still has the lock, and only upwards. Takes the waiter out of the
 * line in any case: most servers have voted for it. Run with the `turnKeys` of one copy and ARGV
 * value, fence, holder.
 */
export const WRITE_FENCE = script(`${ME}${LINE}
remove(me)
local ours = redis.call('GET', KEYS[4]) == ARGV[1] and tonumber(redis.call('GET', KEYS[6]) or '0') < tonumber(ARGV[2])
if ours then
  redis.call('SET', KEYS[6], ARGV[2])
  redis.call('HSET', KEYS[5], 'fence', ARGV[2], 'who', ARGV[3])
end
return ours and 1 or 0
`);

/**
 * Gives a lock back to a server that lost it while the majority has it: one that restarted without
 * its data, or was down for longer than a TTL. Not to one that was told of its end by force. Run
 * with the `rigKeys` of the copy, then its revoked key; ARGV value, ttlMs, fence, holder, held for
 * ms.
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
 * What one server knows of the copies, and for how long it may not vote after a restart. Undoes
 * what it granted to the waiter who asks: that never saw the answer, unless this question is the
 * older of the two. Run with `turnKeys` and ARGV ttlMs.
 */
export const TALLY = script(`${NOW}${ME}${LINE}${HOLD}${RESTARTED}
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
 * Heartbeat of a waiter at the server that has the line. Run with `turnKeys` and ARGV aliveMs, what
 * `encodePlace` says, the copies that are free.
 */
export const WAIT = script(`${NOW}${ME}${LINE}${ENLIST}
local function free()
  local names = {}
  for i = 5, #ARGV do names[ARGV[i]] = true end
  return names
end
local ticket = enlist(ARGV[1], ARGV[2], ARGV[3], ARGV[4])
if purge() then wake(free(), me) end
local take, ahead = offer(deal(free(), me))
return { ticket, redis.call('ZRANK', KEYS[1], me), redis.call('ZCARD', KEYS[1]), take, ahead }
`);
