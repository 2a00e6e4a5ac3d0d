import { LAYOUT_LUA } from './job-layout.ts'
import { EPOCH_LUA, lua } from './script.ts'

/**
 * What a script changes of a queue's jobs, on top of {@link LAYOUT_LUA}: jobs are loaded once,
 * changed in memory, and written by `flush`, so that a batch costs a few commands and a job that
 * moves twice is written once.
 */
export const WORKSPACE_LUA: string =
  LAYOUT_LUA +
  EPOCH_LUA +
  lua`
local BOUND = 1000
local META_KEPT_MS = 2592000000

local meta = redis.call('HMGET', META, 'serial', 'paused', 'swept', 'keep', 'started', 'epoch', 'watched')
local serial, paused = tonumber(meta[1] or 0) or 0, meta[2] == '1'
local minted, epoch, epochText = false, 0, nil
-- Events that are kept, 0 where none are recorded.
local keep = tonumber(meta[4] or 0) or 0
-- One number that only grows orders jobs and fences claims; the clock in it keeps it growing should meta be lost, and the epoch should a server take over.
local function mint()
  if not minted then
    minted = true
    epoch, epochText = epochOf(meta[6])
    serial = math.max(serial, nowMicros - 1 + epoch * EPOCH_MICROS)
  end
  serial = serial + 1
  return serial
end
local function saveMeta(prolonged)
  if not minted then return end
  if epochText and epochText ~= meta[6] then
    redis.call('HSET', META, 'serial', digits(serial), 'epoch', epochText)
  else
    redis.call('HSET', META, 'serial', digits(serial))
  end
  if prolonged and not paused and keep == 0 then
    redis.call('PEXPIRE', META, digits(META_KEPT_MS + epoch * EPOCH_MICROS / 1000))
  end
end
local function nextSeq(lifo) return digits(4503599627370496 + (lifo and -mint() or mint())) end

-- Whether a job came to be ready or scheduled.
local woken = false
-- Jobs by id; false when there is none. home, homeSeq and homeNotes are what is written of a job.
local known = {}
local touched, bodies, extended = {}, {}, {}

-- Whether a tail can be understood. Jobs that were added together have the same.
local sound = {}
local function isSound(tail)
  local known = sound[tail]
  if known == nil then
    known = string.find(tail, SOUND_TERMS) ~= nil
    sound[tail] = known
  end
  return known
end

-- The job that a text in JOBS tells of; false where it tells of none that can be understood.
local function readFacts(id, text)
  local state, attempt, crashes, token, seq, flags, notes, tail = string.match(text or '', PLAIN_FACTS)
  if state then
    return SETS[state] and isSound(tail) and {
      id = id, state = state, attempt = tonumber(attempt), crashes = crashes ~= '' and tonumber(string.sub(crashes, 2)) or 0, token = token, seq = seq,
      cancelled = flags == '1', notes = notes, tail = tail, home = state, homeSeq = seq, homeNotes = notes
    }
  end
  state, attempt, token, seq, flags, notes, tail = string.match(text or '', FACTS)
  local attempts
  attempts, crashes = string.match(attempt or '', '^(%d+)/?(%d*)$')
  if not attempts or not SETS[state] then return false end
  local job = {
    id = id, state = state, attempt = tonumber(attempts), crashes = tonumber(crashes) or 0, token = token, seq = seq,
    cancelled = flags == '1' or flags == '3', notes = notes, tail = tail,
    home = state, homeSeq = seq, homeNotes = notes
  }
  if flags >= '2' then
    local base, group, limit, parent, parentFlow, fails, flow, pending = string.match(tail, MORE)
    if not base then return false end
    job.more, job.tail = true, base
    job.group, job.limit = group ~= '' and group or nil, tonumber(limit)
    job.flow, job.pending, job.parents = flow, tonumber(pending), {}
    local first, others = string.match(parent, '^([^,]+)(.*)$')
    if first then job.parents[1] = { parent = first, flow = parentFlow, fails = fails == '1' } end
    for id, its, failing in string.gmatch(others or '', ',([^:,]+):(%d+):(%d)') do
      job.parents[#job.parents + 1] = { parent = id, flow = its, fails = failing == '1' }
    end
  end
  return isSound(job.tail) and job
end

local function load(ids)
  local wanted = {}
  for index = 1, #ids do
    if known[ids[index]] == nil then wanted[#wanted + 1] = ids[index] end
  end
  for first = 1, #wanted, 1000 do
    local last = math.min(first + 999, #wanted)
    local texts = redis.call('HMGET', JOBS, unpack(wanted, first, last))
    for index = first, last do
      known[wanted[index]] = readFacts(wanted[index], texts[index - first + 1])
    end
  end
end

local function find(id)
  if known[id] == nil then load({ id }) end
  return known[id]
end

local function touch(job)
  if job.touched then return end
  job.touched = true
  touched[#touched + 1] = job
end

local function note(job, kind, json)
  local had = string.find(job.notes, kind, 1, true)
  if json == '' and not had then return end
  job.news = job.news or {}
  job.news[kind] = json
  if json == '' then
    job.notes = string.gsub(job.notes, kind, '')
    if job.notes == '' then job.notes = '-' end
  elseif not had then
    job.notes = (job.notes == '-' and '' or job.notes) .. kind
  end
end

local function noteOf(job, kind)
  if job.news and job.news[kind] then return job.news[kind] end
  return string.find(job.notes, kind, 1, true) and redis.call('HGET', NOTES, kind .. job.id) or ''
end

-- What happens, in order, where the queue records it.
local happened, latest = {}, nil
local function record(job, kind, attempt, body)
  if keep == 0 then return end
  body = body or job.body or redis.call('HGET', BODIES, job.id)
  happened[#happened + 1] = kind .. ' ' .. (attempt or job.attempt) .. ' ' .. nowText .. '\n' .. nameIn(body) .. '\n' .. job.id
end
local function latestEvent()
  local last = redis.call('XREVRANGE', EVENTS, '+', '-', 'COUNT', 1)[1]
  return last and tonumber(string.match(last[1], '^%d+')) or tonumber(meta[5] or 0)
end
local function saveEvents()
  for index = 1, #happened do
    latest = (latest or latestEvent()) + 1
    redis.call('XADD', EVENTS, 'MAXLEN', keep, digits(latest) .. '-0', 'e', happened[index])
  end
  happened = {}
end

-- Which jobs have ended, where some process wants to hear of it.
local watched, ended = meta[7] and tonumber(meta[7]) > now, {}
local function sayEnds()
  if #ended > 0 then redis.pcall('PUBLISH', (string.gsub(JOBS, 'jobs$', 'ends')), cjson.encode(ended)) end
end

-- The number of jobs of a group that are ready or active.
local rooms, controls, changedRooms, limits = {}, {}, {}, nil
-- The limits of all groups that begin with a prefix.
local function readLimits(text)
  limits = {}
  for prefix, limit in string.gmatch(text or '', '(%S+) (%d+)') do limits[prefix] = tonumber(limit) end
end
local function roomOf(group)
  if not rooms[group] then
    local found = redis.call('HMGET', GROUPS, group, ' ' .. group, ' ')
    rooms[group] = tonumber(found[1] or 0) or 0
    local held, limit = string.match(found[2] or '0 -', '^(%d) (%S+)$')
    controls[group] = { paused = held == '1', limit = tonumber(limit) }
    if not limits then readLimits(found[3]) end
  end
  return rooms[group]
end
-- What stands for the limits of a group's jobs, if anything; the longest prefix counts.
local function limitOf(group)
  local limit, length = controls[group].limit, 0
  if limit then return limit end
  for prefix, most in pairs(limits) do
    if #prefix > length and string.sub(group, 1, #prefix) == prefix then limit, length = most, #prefix end
  end
  return limit
end
-- Whether one more job may become ready, whose own limit that is.
local function hasRoom(group, limit)
  local room = roomOf(group)
  return not controls[group].paused and room < (limitOf(group) or limit)
end
local function changeRoom(group, by)
  rooms[group] = roomOf(group) + by
  changedRooms[group] = true
end

local function send(command, key, list)
  for first = 1, #list, 1000 do
    redis.call(command, key, unpack(list, first, math.min(first + 999, #list)))
  end
end

local function listIn(lists, name)
  local list = lists[name]
  if not list then
    list = {}
    lists[name] = list
  end
  return list
end

local function flush()
  local left, entered, facts, removed, noted, unnoted = {}, {}, {}, {}, {}, {}
  for index = 1, #touched do
    local job = touched[index]
    if job.home and (job.gone or job.home ~= job.state or job.homeSeq ~= job.seq) then
      local list = listIn(left, job.home)
      list[#list + 1] = job.homeSeq .. job.id
    end
    if job.gone then
      removed[#removed + 1] = job.id
      if job.homeNotes and job.homeNotes ~= '-' then
        for kind in string.gmatch(job.homeNotes, '.') do unnoted[#unnoted + 1] = kind .. job.id end
      end
    else
      if job.rank then
        local list = listIn(entered, job.state)
        list[#list + 1] = job.rank
        list[#list + 1] = job.seq .. job.id
      end
      local flags, tail = job.cancelled and 1 or 0, job.tail
      if job.more then
        flags = flags + 2
        local first, others = job.parents[1], ''
        for at = 2, #job.parents do
          local tie = job.parents[at]
          others = others .. ',' .. tie.parent .. ':' .. tie.flow .. (tie.fails and ':1' or ':0')
        end
        tail = tail .. ' ' .. (job.group or '') .. ' ' .. job.limit .. ' ' .. (first and first.parent .. others or '') ..
          ' ' .. (first and first.flow or '0') .. (first and first.fails and ' 1 ' or ' 0 ') .. job.flow .. ' ' .. job.pending
      end
      facts[#facts + 1] = job.id
      facts[#facts + 1] = job.state .. ' ' .. job.attempt .. (job.crashes > 0 and '/' .. job.crashes or '') .. ' ' .. job.token .. ' ' .. job.seq .. ' ' .. flags .. ' ' ..
        job.notes .. ' ' .. tail
      if job.news then
        for kind, json in pairs(job.news) do
          if json == '' then
            unnoted[#unnoted + 1] = kind .. job.id
          else
            noted[#noted + 1] = kind .. job.id
            noted[#noted + 1] = json
          end
        end
      end
      job.home, job.homeSeq, job.homeNotes, job.rank, job.news = job.state, job.seq, job.notes, nil, nil
    end
    job.touched = nil
  end
  woken = woken or entered.r ~= nil or entered.s ~= nil
  -- What tells of a job before what names it: a step that is refused midway names none unknown.
  send('HSET', BODIES, bodies)
  send('HSET', NOTES, noted)
  send('HSET', JOBS, facts)
  for state, ranks in pairs(entered) do send('ZADD', SETS[state], ranks) end
  for state, members in pairs(left) do send('ZREM', SETS[state], members) end
  for first = 1, #extended, 1000 do
    redis.call('ZADD', SETS.a, 'GT', unpack(extended, first, math.min(first + 999, #extended)))
  end
  send('HDEL', JOBS, removed)
  send('HDEL', BODIES, removed)
  send('HDEL', NOTES, unnoted)
  for group in pairs(changedRooms) do
    if rooms[group] > 0 then
      redis.call('HSET', GROUPS, group, rooms[group])
    else
      redis.call('HDEL', GROUPS, group)
    end
  end
  touched, bodies, extended, changedRooms = {}, {}, {}, {}
end

-- The first rank in a state's set.
local function headOf(state)
  return tonumber(redis.call('ZRANGE', SETS[state], 0, 0, 'WITHSCORES')[2] or math.huge)
end

-- Until the queue next needs a worker, as text; - when no job waits.
local function wakeIn(hasReady, at)
  if paused or (not hasReady and at == math.huge) then return '-' end
  return '=' .. (hasReady and '0' or digits(math.max(at - now, 0)))
end

-- Says so to the other processes; a server that forbids the channel takes the jobs all the same.
local function wake(wake)
  if wake ~= '-' then redis.pcall('PUBLISH', channel, string.sub(wake, 2) .. ' ' .. origin) end
end
`
