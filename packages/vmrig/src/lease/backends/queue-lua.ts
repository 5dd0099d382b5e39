/**
 * Added to the ticket of a waiter that already holds a copy: it comes after all waiters without a
 * copy. Tickets are milliseconds since the epoch. The sum stays below 2^53, up to which the scores
 * of a sorted set are exact whole numbers.
 */
export const EXTRA_COPY_OFFSET = 2 ** 52;
const EXTRA_LUA = EXTRA_COPY_OFFSET.toFixed(0);

/**
 * Queue rule that all scripts with `rigKeys` share: 1 queue, 2 alive, 3 waiters, then lock, holder,
 * fence of each copy. Needs `now`.
 *
 * `assign` walks the queue in order. Each waiter gets the first free copy that it accepts, in its
 * order of preference. A waiter for a busy copy therefore does not block waiters behind it that
 * accept a free one. Most of the time no copy is free, and then the queue is not walked.
 */
export const QUEUE_RULES = `
local at, names = {}, {}
for i = 4, #KEYS - 2, 3 do
  local name = string.match(KEYS[i], '([^:]+):lock$')
  at[name] = i; names[#names + 1] = name
end

local function accepted(waiter)
  local ok, record = pcall(cjson.decode, redis.call('HGET', KEYS[3], waiter) or '')
  return ok and type(record) == 'table' and type(record.accept) == 'table' and record.accept or names
end

local function remove(waiter)
  redis.call('ZREM', KEYS[1], waiter); redis.call('ZREM', KEYS[2], waiter); redis.call('HDEL', KEYS[3], waiter)
end

-- Removes waiters whose heartbeat stopped from the queue. Returns whether there were any.
local function purge()
  local gone = redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', now)
  for _, waiter in ipairs(gone) do remove(waiter) end
  return #gone > 0
end

-- The copies without a lock: name -> true.
local function unlocked()
  local free = {}
  for name, i in pairs(at) do
    if redis.call('EXISTS', KEYS[i]) == 0 then free[name] = true end
  end
  return free
end

-- Assigns the copies in 'free' in queue order, up to the waiter 'last' (nil: all). Empties 'free'.
local function assign(free, last)
  local left, assigned = 0, {}
  for _ in pairs(free) do left = left + 1 end
  if left == 0 then return assigned end
  for _, waiter in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do
    for _, name in ipairs(accepted(waiter)) do
      if free[name] then
        free[name] = nil; left = left - 1
        assigned[#assigned + 1] = { waiter = waiter, copy = name }
        break
      end
    end
    if left == 0 or waiter == last then break end
  end
  return assigned
end

-- pcall: Lua is not rolled back, so a channel that an ACL denies must only cost latency.
local function wake(free, except)
  for _, entry in ipairs(assign(free)) do
    if entry.waiter ~= except then redis.pcall('PUBLISH', KEYS[1] .. ':wake', entry.waiter) end
  end
end
`;

/** Joins the queue and returns the result, in addition to `QUEUE_RULES`. Needs `me`. */
export const JOIN_QUEUE = `
-- Adds the waiter to the queue, or renews its heartbeat. 'ticket' is 0 before it has one.
local function join(aliveMs, record, ticket, extra)
  ticket = tonumber(redis.call('ZSCORE', KEYS[1], me) or ticket)
  if ticket == 0 then
    local floor = extra == '1' and ${EXTRA_LUA} or 0
    local last = redis.call('ZREVRANGEBYSCORE', KEYS[1], floor == 0 and '(${EXTRA_LUA}' or '+inf', floor, 'WITHSCORES', 'LIMIT', 0, 1)
    ticket = math.max((tonumber(last[2]) or 0) + 1, floor + now)
  end
  redis.call('ZADD', KEYS[1], string.format('%.0f', ticket), me)
  redis.call('ZADD', KEYS[2], now + aliveMs, me)
  redis.call('HSET', KEYS[3], me, record)
  return ticket
end

-- From the assigned copies: the copy for this waiter, and in how many ms a waiter ahead, who may
-- take a copy that this waiter accepts, is removed if it sends no heartbeat.
local function offer(assigned)
  local take, ahead, wanted = '', -1, {}
  for _, name in ipairs(accepted(me)) do wanted[name] = true end
  for _, entry in ipairs(assigned) do
    if entry.waiter == me then
      take = entry.copy
    elseif wanted[entry.copy] then
      local left = redis.call('ZSCORE', KEYS[2], entry.waiter) - now
      if ahead < 0 or left < ahead then ahead = left end
    end
  end
  return take, ahead
end
`;

/** The waiter that runs the script, from the last of the `turnKeys`. */
export const OWN_WAITER = `
local me, attempt = string.match(KEYS[#KEYS], '([^:]+):(%d+)$')
attempt = tonumber(attempt)
`;

/**
 * A Redis that restarted without its data may have forgotten leases. Their holders still use them
 * for up to their TTL. An append-only file preserves the leases. The uptime counts whole seconds of
 * a clock that itself ticks: one more is added. An ACL may deny INFO: then there is no such wait.
 */
export const RESTARTED = `
-- For how many ms nothing may be granted, and how many seconds ago Redis restarted.
local function restarted(ttl)
  local server = redis.pcall('INFO', 'server')
  local up = type(server) == 'string' and tonumber(string.match(server, 'uptime_in_seconds:(%d+)'))
  if not up or up * 1000 >= ttl + 1000 then return 0, 0 end
  local persistence = redis.pcall('INFO', 'persistence')
  if type(persistence) ~= 'string' or string.find(persistence, 'aof_enabled:1', 1, true) then return 0, 0 end
  return ttl + 1000 - up * 1000, up
end
`;

/**
 * Public data of the holder of the copy whose lock is `KEYS[i]`: see `decodeCurrentHolder`. Needs
 * `now`.
 */
export const READ_HOLDER = `
local function hold(i)
  local h = redis.call('HMGET', KEYS[i + 1], 'fence', 'since', 'who', 'retained')
  return { redis.call('PTTL', KEYS[i]), h[1] or '0', h[2] and now - h[2] or -1, h[3] or '', h[4] or '' }
end
`;
