import { JOB_LIMITS } from '../../ports/job-store/job-limits.ts'
import { JOB_STATES } from '../../ports/job-store/job-state.ts'
import { BODIES_AT_ONCE, LAYOUT_LUA, STATE_LETTERS } from './job-layout.ts'
import { createScript, lua, REPLY_BYTES, type RedisScript } from './script.ts'

/**
 * ARGV: offset, id → facts, body, rank after a `=`, error, progress, result and tags; nothing when
 * there is no such job.
 */
export const getJobScript: RedisScript = createScript(
  LAYOUT_LUA +
    lua`
local id = ARGV[2]
local text = redis.call('HGET', JOBS, id)
if not text then return {} end
local state, _, _, seq = string.match(text, FACTS)
if not state or not SETS[state] then return { '=' .. text, '', '=0', '', '', '', '' } end
if isForgotten(state, seq .. id) then return {} end
local reply = {
  text, redis.call('HGET', BODIES, id) or '', '=' .. (redis.call('ZSCORE', SETS[state], seq .. id) or '0')
}
for index, json in ipairs(redis.call('HMGET', NOTES, 'e' .. id, 'p' .. id, 'r' .. id, 't' .. id)) do
  reply[index + 3] = json or ''
end
return reply
`,
)

/** Where a page begins. */
const PLACE_LUA = lua`
-- How many members come before the cursor: among those of its rank, by halving.
local function placeOf(key, reversed, rank, seq)
  if rank == '' then return reversed and redis.call('ZCARD', key) or 0 end
  local place, low, high = tonumber(seq), redis.call('ZCOUNT', key, '-inf', '(' .. rank), redis.call('ZCOUNT', key, '-inf', rank)
  while low < high do
    local middle = math.floor((low + high) / 2)
    local found = tonumber(string.sub(redis.call('ZRANGE', key, middle, middle)[1], 1, 16))
    if found < place or (found == place and not reversed) then low = middle + 1 else high = middle end
  end
  return low
end
`

/**
 * ARGV: offset, a state's letter, limit, `1` when reversed, rank and seq to go on after or nothing
 * → `rank:seq` of the last job or nothing at the end, then id and what {@link getJobScript} answers
 * of each job.
 */
export const listJobsScript: RedisScript = createScript(
  LAYOUT_LUA +
    PLACE_LUA +
    lua`
local key, limit, reversed = SETS[ARGV[2]], tonumber(ARGV[3]), ARGV[4] == '1'
local before = placeOf(key, reversed, ARGV[5], ARGV[6])
local first, last = before, before + limit
if reversed then first, last = math.max(before - limit - 1, countForgotten(ARGV[2])), before - 1 end
local page = last < first and {} or redis.call('ZRANGE', key, first, last, 'WITHSCORES')
local members, ranks = {}, {}
for at = 1, #page, 2 do
  local index = reversed and (#page - at + 1) / 2 or (at + 1) / 2
  members[index], ranks[index] = page[at], page[at + 1]
end
local reply, bytes = { '' }, 0
for from = 1, #members, ${BODIES_AT_ONCE} do
  local ids = idsOf({ unpack(members, from, from + ${BODIES_AT_ONCE - 1}) })
  local texts = redis.call('HMGET', JOBS, unpack(ids))
  local bodies = redis.call('HMGET', BODIES, unpack(ids))
  for index, id in ipairs(ids) do
    local at = from + index - 1
    bytes = bytes + #(bodies[index] or '')
    if at > limit or (at > 1 and bytes > ${REPLY_BYTES}) then
      reply[1] = ranks[at - 1] .. ':' .. string.sub(members[at - 1], 1, 16)
      return reply
    end
    reply[#reply + 1] = id
    reply[#reply + 1] = texts[index] or ''
    reply[#reply + 1] = bodies[index] or ''
    reply[#reply + 1] = '=' .. ranks[at]
    local notes = redis.call('HMGET', NOTES, 'e' .. id, 'p' .. id, 'r' .. id, 't' .. id)
    for kind = 1, 4 do reply[#reply + 1] = notes[kind] or '' end
  end
end
return reply
`,
)

/**
 * ARGV: offset, `1` for whole jobs, limit, the letters of the states to go through, those of them
 * that are reversed, then, each nothing where all fit: tag, name as JSON, how ids begin, since,
 * till; then where to go on after: nothing; of a tag the member of `tags`; a rank and a seq of the
 * first of the states → the cursor to go on after, which is of a state its letter, rank and seq, or
 * nothing at the end, then ids or, of whole jobs, what {@link listJobsScript} answers.
 */
export const searchJobsScript: RedisScript = createScript(
  LAYOUT_LUA +
    PLACE_LUA +
    lua`
local whole, limit, letters, reversals = ARGV[2] == '1', tonumber(ARGV[3]), ARGV[4], ARGV[5]
local tag, name, prefix, since, till = ARGV[6], ARGV[7], ARGV[8], tonumber(ARGV[9]), tonumber(ARGV[10])
local reply, looked, found, bytes, last = { '' }, 0, 0, 0, ''

-- Looks at jobs in their order, each with the cursor behind it; false once the page is full.
local function look(ids, cursors, addedAts)
  local texts = redis.call('HMGET', JOBS, unpack(ids))
  local bodies = (whole or name ~= '') and redis.call('HMGET', BODIES, unpack(ids)) or {}
  for index, id in ipairs(ids) do
    local text, body = texts[index] or '', bodies[index] or ''
    bytes = bytes + #body
    if looked == ${JOB_LIMITS.looked} or found == limit or (looked > 0 and bytes > ${REPLY_BYTES}) then
      reply[1] = last
      return false
    end
    looked, last = looked + 1, cursors[index]
    local state, _, _, seq, _, _, tail = string.match(text, FACTS)
    local addedAt = state and SETS[state] and string.match(tail, '^%d+ %S+ %S+ %S+ (%d+)')
    local at = tonumber(addedAt)
    if at and (not addedAts or at == tonumber(addedAts[index])) and string.find(letters, state, 1, true)
      and (not since or at >= since) and (not till or at < till)
      and (prefix == '' or string.sub(id, 1, #prefix) == prefix)
      and (name == '' or nameIn(body) == name) and not isForgotten(state, seq .. id) then
      found = found + 1
      reply[#reply + 1] = id
      if whole then
        local notes = redis.call('HMGET', NOTES, 'e' .. id, 'p' .. id, 'r' .. id, 't' .. id)
        reply[#reply + 1] = text
        reply[#reply + 1] = body
        reply[#reply + 1] = '=' .. (redis.call('ZSCORE', SETS[state], seq .. id) or '0')
        for kind = 1, 4 do
          bytes = bytes + #(notes[kind] or '')
          reply[#reply + 1] = notes[kind] or ''
        end
      end
    end
  end
  return true
end

if tag ~= '' then
  local function stand(at) return string.rep('0', 16 - #at) .. at end
  local least = '[' .. tag .. ' ' .. (since and stand(ARGV[9]) or '')
  local most = '(' .. (ARGV[11] ~= '' and ARGV[11] or till and tag .. ' ' .. stand(ARGV[10]) or tag .. '!')
  while true do
    local members = redis.call('ZREVRANGEBYLEX', TAGS, most, least, 'LIMIT', 0, ${BODIES_AT_ONCE})
    if #members == 0 then return reply end
    local ids, addedAts = {}, {}
    for index, member in ipairs(members) do
      addedAts[index], ids[index] = string.sub(member, #tag + 2, #tag + 17), string.sub(member, #tag + 18)
    end
    if not look(ids, members, addedAts) or #members < ${BODIES_AT_ONCE} then return reply end
    most = '(' .. members[#members]
  end
end

for letter in string.gmatch(letters, '.') do
  local key, reversed = SETS[letter], string.find(reversals, letter, 1, true)
  local isFirst = letter == string.sub(letters, 1, 1)
  local before = placeOf(key, reversed, isFirst and ARGV[11] or '', ARGV[12])
  while true do
    local first, final = before, before + ${BODIES_AT_ONCE - 1}
    if reversed then first, final = math.max(before - ${BODIES_AT_ONCE}, 0), before - 1 end
    local page = final < first and {} or redis.call('ZRANGE', key, first, final, 'WITHSCORES')
    if #page == 0 then break end
    local ids, cursors = {}, {}
    for at = 1, #page, 2 do
      local index = reversed and (#page - at + 1) / 2 or (at + 1) / 2
      ids[index] = string.sub(page[at], 17)
      cursors[index] = letter .. page[at + 1] .. ':' .. string.sub(page[at], 1, 16)
    end
    if not look(ids, cursors) then return reply end
    before = reversed and first or final + 1
  end
end
return reply
`,
)

/**
 * ARGV: offset → how many jobs are in each state, in the order of `JOB_STATES`, and `1` when
 * paused, after a `=`.
 */
export const countJobsScript: RedisScript = createScript(
  LAYOUT_LUA +
    lua`
local counts = {}
for index, state in ipairs({ ${JOB_STATES.map((state) => `'${STATE_LETTERS[state]}'`).join(', ')} }) do
  counts[index] = redis.call('ZCARD', SETS[state]) - countForgotten(state)
end
local paused = redis.call('HGET', META, 'paused')
return { '=' .. table.concat(counts, ' ') .. ' ' .. (paused or '0') }
`,
)

/**
 * ARGV: offset, how many priorities are looked at → when the ready job was added that has stood in
 * line longest, after a `=`, nothing after it when none is ready.
 */
export const oldestReadyScript: RedisScript = createScript(
  LAYOUT_LUA +
    lua`
local key, rank, oldest = SETS.r, '(-1', nil
local function take(member)
  local text = redis.call('HGET', JOBS, string.sub(member, 17))
  local tail = text and select(7, string.match(text, FACTS))
  local addedAt = tail and tonumber(string.match(tail, '^%d+ %S+ %S+ %S+ (%d+)'))
  if addedAt then oldest = math.min(oldest or addedAt, addedAt) end
end
for _ = 1, tonumber(ARGV[2]) do
  local first = redis.call('ZRANGEBYSCORE', key, rank, '+inf', 'WITHSCORES', 'LIMIT', 0, 1)
  if not first[1] then break end
  rank = '(' .. first[2]
  if string.sub(first[1], 1, 16) >= '4503599627370496' then
    take(first[1])
  else
    -- Of those that went ahead the last has been there longest: found among those of its rank, by halving.
    local low = redis.call('ZCOUNT', key, '-inf', rank)
    local high = redis.call('ZCOUNT', key, '-inf', first[2])
    local last = high
    while low < high do
      local middle = math.floor((low + high) / 2)
      local found = redis.call('ZRANGE', key, middle, middle)[1]
      if string.sub(found, 1, 16) < '4503599627370496' then low = middle + 1 else high = middle end
    end
    take(redis.call('ZRANGE', key, low - 1, low - 1)[1])
    if low < last then take(redis.call('ZRANGE', key, low, low)[1]) end
  end
end
return { '=' .. (oldest and string.format('%.0f', oldest) or '') }
`,
)

/**
 * ARGV: offset, group → how many of its jobs are ready or active, `1` when it is paused, its limit
 * or `-`, and how many are held, each after a `=`.
 */
export const getGroupScript: RedisScript = createScript(
  LAYOUT_LUA +
    lua`
local group = ARGV[2]
local found = redis.call('HMGET', GROUPS, group, ' ' .. group)
local paused, limit = string.match(found[2] or '0 -', '^(%d) (%S+)$')
local held = redis.call('ZLEXCOUNT', TURNS, '[' .. group .. ' ', '(' .. group .. '!')
return { '=' .. (found[1] or '0'), '=' .. paused, '=' .. limit, '=' .. held }
`,
)

/**
 * ARGV: offset, the number of an event to go on after or nothing, limit → how many are kept, the
 * first number of these, `1` when some before them were missed and the latest number, each after a
 * `=`, then the events, each of the next number, as `events` holds them.
 */
export const listEventsScript: RedisScript = createScript(
  LAYOUT_LUA +
    lua`
local meta = redis.call('HMGET', META, 'keep', 'started')
local function numberOf(entry) return entry and tonumber(string.match(entry[1], '^%d+')) end
local latest = numberOf(redis.call('XREVRANGE', EVENTS, '+', '-', 'COUNT', 1)[1]) or tonumber(meta[2] or 0)
local oldest = numberOf(redis.call('XRANGE', EVENTS, '-', '+', 'COUNT', 1)[1]) or latest + 1
local after = tonumber(ARGV[2])
local missed = after and (after + 1 < oldest or after > latest)
local from = after and not missed and after + 1 or oldest
local reply = { '=' .. (meta[1] or '0'), '=' .. digits(from), missed and '=1' or '=0', '=' .. digits(latest) }
for _, entry in ipairs(redis.call('XRANGE', EVENTS, digits(from), '+', 'COUNT', ARGV[3])) do
  reply[#reply + 1] = entry[2][2]
end
return reply
`,
)

/**
 * ARGV: offset, id, the number of a child → the number to go on from or nothing at the end, then of
 * each child from that number on its id and how it ended, as `children` holds it.
 */
export const listChildrenScript: RedisScript = createScript(
  LAYOUT_LUA +
    lua`
local id, text = ARGV[2], redis.call('HGET', JOBS, ARGV[2])
if not text then return { '' } end
local state, _, _, seq, flags, _, tail = string.match(text, FACTS)
if not state or not SETS[state] or flags < '2' or isForgotten(state, seq .. id) then return { '' } end
local flow = select(7, string.match(tail, MORE))
if not flow then return { '' } end
local reply, bytes = { '' }, 0
local first, last = tonumber(ARGV[3]), tonumber(redis.call('HGET', CHILDREN, flow) or 0)
for from = first, last, ${BODIES_AT_ONCE} do
  local fields = {}
  for number = from, math.min(from + ${BODIES_AT_ONCE - 1}, last) do fields[#fields + 1] = flow .. '#' .. number end
  local ids = redis.call('HMGET', CHILDREN, unpack(fields))
  -- The number of one that runs again is nobody's any more.
  for index = 1, #ids do fields[index] = flow .. (ids[index] or '') end
  local texts = redis.call('HMGET', CHILDREN, unpack(fields))
  for index = 1, #ids do
    if ids[index] and texts[index] then
      bytes = bytes + #texts[index]
      if bytes > ${REPLY_BYTES} and #reply > 1 then
        reply[1] = '=' .. (from + index - 1)
        return reply
      end
      reply[#reply + 1] = ids[index]
      reply[#reply + 1] = texts[index]
    end
  end
end
return reply
`,
)
