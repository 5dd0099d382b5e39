import { keysOf, type CopyName } from "../../../../lease/keys.ts";
import { REFUSE_AS_REPLICA, script } from "../../../../redis/script.ts";
import { KEPT_VERSIONS } from "../../state-store.ts";

/**
 * Keys of a copy's state, beside the keys of its lease: the promise and the number of the newest
 * version (hash), the versions (hash: number → ballot and record), and the largest fence that a
 * lease was issued with.
 */
export function stateKeys(namespace: string, copy: CopyName): readonly [string, string, string] {
  const prefix = `${namespace}:{${copy.rig}}:${copy.copy}`;
  return [`${prefix}:state`, `${prefix}:state-versions`, keysOf(namespace, copy).fence];
}

/**
 * Refuses a ballot that is smaller than one that this server promised or accepted, and a fence that
 * is smaller than one that a lease was issued with. The ballot is ARGV fence, round, proposer. A
 * fence exceeds 2^31, so it is never formatted by `tostring`.
 */
const CHECK_BALLOT = `
local seen = redis.call('HMGET', KEYS[1], 'fence', 'round', 'proposer', 'version', 'accepted')
local promised, round = tonumber(seen[1] or '0'), tonumber(seen[2] or '0')
local issued = tonumber(redis.call('GET', KEYS[3]) or '0')
if issued > promised then promised, round = issued, 0 end
local fence, mine = tonumber(ARGV[1]), tonumber(ARGV[2])
local smaller = fence < promised or (fence == promised and
  (mine < round or (mine == round and seen[3] ~= ARGV[3])))
if smaller then
  ${REFUSE_AS_REPLICA}
  return { 0, string.format('%.0f', promised), string.format('%.0f', round) }
end
redis.call('HSET', KEYS[1], 'fence', ARGV[1], 'round', ARGV[2], 'proposer', ARGV[3])
`;

/** Reads the newest version into `ballot`, `version` and `record`. */
const NEWEST = `
local ballot, version, record = seen[5] or '0 0', seen[4] or '0', ''
if version ~= '0' then
  local stored = redis.call('HGET', KEYS[2], version) or ''
  record = string.sub(stored, (string.find(stored, '\\n', 1, true) or 0) + 1)
end
`;

/** Leaves the first line of the record: the facts about the version without its text. */
const WITHOUT_TEXT = `record = string.sub(record, 1, (string.find(record, '\\n', 1, true) or 0) - 1)`;

/**
 * First phase: promises to refuse smaller ballots, and returns the newest version of this server.
 * ARGV fence, round, proposer, whether the text is needed (1 or 0).
 */
export const PREPARE = script(`${CHECK_BALLOT}${NEWEST}
if ARGV[4] == '0' then ${WITHOUT_TEXT} end
return { 1, ballot, version, record }
`);

/**
 * Second phase: stores a version under a ballot. ARGV fence, round, proposer, version, record. A
 * version 0 stores that there is none.
 */
export const ACCEPT = script(`${CHECK_BALLOT}
local ballot, version = ARGV[1] .. ' ' .. ARGV[2], tonumber(ARGV[4])
redis.call('HSET', KEYS[1], 'accepted', ballot, 'version', ARGV[4])
if version > 0 then
  redis.call('HSET', KEYS[2], ARGV[4], ballot .. '\\n' .. ARGV[5])
  for i = version - ${KEPT_VERSIONS} - 10, version - ${KEPT_VERSIONS} do redis.call('HDEL', KEYS[2], i) end
end
return { 1, ballot, ARGV[4], '' }
`);

/** Returns the newest version. */
export const READ = script(`
local seen = redis.call('HMGET', KEYS[1], 'fence', 'round', 'proposer', 'version', 'accepted')
${NEWEST}
return { ballot, version, record }
`);

/** Returns the number of the newest version. */
export const READ_NUMBER = script(`
return redis.call('HGET', KEYS[1], 'version') or '0'
`);

/** Returns the kept versions, without their texts: ballot, first line of the record. */
export const HISTORY = script(`
local newest, found = tonumber(redis.call('HGET', KEYS[1], 'version') or '0'), {}
for i = newest, math.max(1, newest - ${KEPT_VERSIONS} + 1), -1 do
  local stored = redis.call('HGET', KEYS[2], i)
  if stored then
    local first = string.find(stored, '\\n', 1, true)
    local second = string.find(stored, '\\n', first + 1, true) or 0
    found[#found + 1] = string.sub(stored, 1, second - 1)
  end
end
return found
`);

/** Returns a kept version with its ballot. ARGV version. */
export const READ_VERSION = script(`
local newest = tonumber(redis.call('HGET', KEYS[1], 'version') or '0')
if tonumber(ARGV[1]) > newest or tonumber(ARGV[1]) <= newest - ${KEPT_VERSIONS} then return false end
return redis.call('HGET', KEYS[2], ARGV[1])
`);
