import { STORE_LIMITS } from '../../ports/atomic-store/atomic-store.ts'
import { createScript, EPOCH_LUA, lua, REPLY_BYTES, type RedisScript } from './script.ts'

/** Parts of a partition's keys, in the order of `KEYS`. */
export const PARTITION_PARTS = ['entries', 'order', 'expiry'] as const

/**
 * `entries` maps each key to `version expiresAt json`, expiresAt 0 for never; keys stand with a `=`
 * before them, so that none is JSON and none meets `#`, the field of the last version, or `#epoch`,
 * of which {@link EPOCH_LUA} tells.
 */
const ENTRY_LUA = lua`
local ENTRIES, ORDER, EXPIRY = KEYS[1], KEYS[2], KEYS[3]
-- The entry's version, ? where it has none, or nil when the key is absent or its time is over.
local function live(text)
  if not text then return nil end
  local version, expiresAt = string.match(text, '^(%d+) (%d+) ')
  if not version then return '?' end
  if expiresAt ~= '0' and tonumber(expiresAt) <= now then return nil end
  return version
end
`

/** ARGV: offset, key → the entry's text, or nothing. */
export const getScript: RedisScript = createScript(
  ENTRY_LUA +
    lua`
local text = redis.call('HGET', ENTRIES, ARGV[2])
return live(text) and { text } or {}
`,
)

/** ARGV: offset, keys → the text of each entry or nothing, up to what one reply may hold. */
export const getManyScript: RedisScript = createScript(
  ENTRY_LUA +
    lua`
local texts, reply, bytes = redis.call('HMGET', ENTRIES, unpack(ARGV, 2)), {}, 0
for index = 1, #ARGV - 1 do
  local text = live(texts[index]) and texts[index] or ''
  bytes = bytes + #text
  if bytes > ${STORE_LIMITS.replyBytes} then return reply end
  reply[index] = text
end
return reply
`,
)

/**
 * ARGV: offset, end of the checks, end of the sets, then checks (key, version or nothing), sets
 * (key, lifetime in ms or nothing, JSON) and deletes (key) → `version …`, or `conflict n` (the
 * failed check, from 0) with the text found.
 */
export const commitScript: RedisScript = createScript(
  EPOCH_LUA +
    ENTRY_LUA +
    lua`
local DAY = 86400000
local checksEnd, setsEnd = tonumber(ARGV[2]), tonumber(ARGV[3])
local fields = { '#', '#epoch' }
for at = 4, checksEnd, 2 do fields[#fields + 1] = ARGV[at] end
local found = redis.call('HMGET', ENTRIES, unpack(fields))
for index = 3, #fields do
  local version = live(found[index])
  if (version or '') ~= ARGV[index * 2 - 1] then
    return { 'conflict ' .. (index - 3), version and found[index] or nil }
  end
end
local epoch, epochText = epochOf(found[2])
local version = digits(math.max((tonumber(found[1] or 0) or 0) + 1, nowMicros + epoch * EPOCH_MICROS))

local gone = redis.call('ZRANGEBYSCORE', EXPIRY, '-inf', nowText, 'LIMIT', 0, 256)
for at = setsEnd + 1, #ARGV do gone[#gone + 1] = ARGV[at] end
local entries, order, mortal, immortal = { '#', version }, {}, {}, {}
if epochText and epochText ~= found[2] then
  entries[3] = '#epoch'
  entries[4] = epochText
end
for at = checksEnd + 1, setsEnd, 3 do
  local key, lifetime, json = ARGV[at], ARGV[at + 1], ARGV[at + 2]
  local expiresAt = lifetime == '' and '0' or digits(now + tonumber(lifetime))
  entries[#entries + 1] = key
  entries[#entries + 1] = version .. ' ' .. expiresAt .. ' ' .. json
  order[#order + 1] = 0
  order[#order + 1] = key
  if lifetime == '' then
    immortal[#immortal + 1] = key
  else
    mortal[#mortal + 1] = expiresAt
    mortal[#mortal + 1] = key
  end
end
if #gone > 0 then
  redis.call('HDEL', ENTRIES, unpack(gone))
  redis.call('ZREM', ORDER, unpack(gone))
  redis.call('ZREM', EXPIRY, unpack(gone))
end
redis.call('HSET', ENTRIES, unpack(entries))
if #order > 0 then redis.call('ZADD', ORDER, unpack(order)) end
if #mortal > 0 then redis.call('ZADD', EXPIRY, unpack(mortal)) end
if #immortal > 0 then redis.call('ZREM', EXPIRY, unpack(immortal)) end

-- Once nothing lives for ever, the partition may vanish a day after its last entry, and after the clock has passed its versions.
if redis.call('ZCARD', ORDER) > redis.call('ZCARD', EXPIRY) then
  for index = 1, 3 do redis.call('PERSIST', KEYS[index]) end
else
  local last = redis.call('ZRANGE', EXPIRY, -1, -1, 'WITHSCORES')[2]
  local rest = digits(math.max(tonumber(last or 0) - now, 0) + DAY + epoch * EPOCH_MICROS / 1000)
  for index = 1, 3 do redis.call('PEXPIRE', KEYS[index], rest) end
end
return { 'version ' .. version }
`,
)

/**
 * ARGV: offset, first bound, last bound (of `ZRANGEBYLEX`, swapped when reversed), limit, `1` when
 * reversed → the key to go on after or nothing, then key and text of each entry.
 */
export const listScript: RedisScript = createScript(
  ENTRY_LUA +
    lua`
local command = ARGV[5] == '1' and 'ZREVRANGEBYLEX' or 'ZRANGEBYLEX'
local from, to, limit = ARGV[2], ARGV[3], tonumber(ARGV[4])
local reply, last, bytes, seen = { '' }, '', 0, 0
while true do
  local keys = redis.call(command, ORDER, from, to, 'LIMIT', 0, 64)
  if #keys == 0 then return reply end
  local texts = redis.call('HMGET', ENTRIES, unpack(keys))
  for index, key in ipairs(keys) do
    local text = texts[index]
    if live(text) then
      bytes = bytes + #text
      -- One live entry more than fits shows that the page is not the last.
      if #reply > limit * 2 or (#reply > 1 and bytes > ${REPLY_BYTES}) then
        reply[1] = last
        return reply
      end
      reply[#reply + 1] = key
      reply[#reply + 1] = text
    end
    last = key
  end
  seen = seen + #keys
  if seen > 10000 then
    reply[1] = last
    return reply
  end
  from = '(' .. last
end
`,
)
