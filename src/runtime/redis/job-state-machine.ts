import { ATTEMPTS_USED_ERROR, LEASE_LOST_ERROR } from '../ports/job-state.ts'
import { LAYOUT_LUA } from './job-layout.ts'
import { lua } from './script.ts'

/**
 * The Lua twin of `transition` in `ports/job-state.ts`, on top of {@link LAYOUT_LUA}: each function is one of its cases
 * and keeps its writes back until `flush`, so that a batch costs a few commands.
 */
export const STATE_MACHINE_LUA: string =
  LAYOUT_LUA +
  lua`
local LEASE_LOST = [==[=${JSON.stringify(LEASE_LOST_ERROR)}]==]
local ATTEMPTS_USED = [==[=${JSON.stringify(ATTEMPTS_USED_ERROR)}]==]
local BOUND = 1000
local META_KEPT_MS = 2592000000

local meta = redis.call('HMGET', META, 'serial', 'paused', 'swept')
local serial, paused = math.max(tonumber(meta[1] or 0), nowMicros - 1), meta[2] == '1'
local minted = false
-- One number that only grows orders jobs and fences claims; the clock in it keeps it growing should meta be lost.
local function mint()
  minted = true
  serial = serial + 1
  return serial
end
local facts, noted, unnoted, removed, extended, left, entered = {}, {}, {}, {}, {}, {}, {}
local known = {}

local function load(ids)
  local wanted = {}
  for index = 1, #ids do
    if known[ids[index]] == nil then wanted[#wanted + 1] = ids[index] end
  end
  for first = 1, #wanted, 1000 do
    local last = math.min(first + 999, #wanted)
    local texts = redis.call('HMGET', JOBS, unpack(wanted, first, last))
    for index = first, last do
      local id, text = wanted[index], texts[index - first + 1]
      if text then
        local state, attempt, token, seq, cancelled, notes, tail = string.match(text, FACTS)
        known[id] = {
          id = id, state = state, attempt = tonumber(attempt), token = token, seq = seq,
          cancelled = cancelled == '1', notes = notes, tail = tail
        }
      end
    end
  end
end

local function write(job)
  facts[#facts + 1] = job.id
  facts[#facts + 1] = job.state .. ' ' .. job.attempt .. ' ' .. job.token .. ' ' .. job.seq ..
    (job.cancelled and ' 1 ' or ' 0 ') .. job.notes .. ' ' .. job.tail
end

local function note(job, kind, json)
  local had = string.find(job.notes, kind, 1, true)
  if json ~= '' then
    noted[#noted + 1] = kind .. job.id
    noted[#noted + 1] = json
    if not had then job.notes = (job.notes == '-' and '' or job.notes) .. kind end
  elseif had then
    unnoted[#unnoted + 1] = kind .. job.id
    job.notes = string.gsub(job.notes, kind, '')
    if job.notes == '' then job.notes = '-' end
  end
end

local function leave(job)
  local list = left[job.state]
  if not list then
    list = {}
    left[job.state] = list
  end
  list[#list + 1] = job.seq .. job.id
end

local function enter(job, state, rank)
  local list = entered[state]
  if not list then
    list = {}
    entered[state] = list
  end
  list[#list + 1] = rank
  list[#list + 1] = job.seq .. job.id
  job.state = state
  write(job)
end

local function release(job, dedup)
  if dedup ~= '' and redis.call('HGET', DEDUP, dedup) == job.id then
    redis.call('HDEL', DEDUP, dedup)
  end
end

local function remove(job, dedup)
  leave(job)
  release(job, dedup)
  removed[#removed + 1] = job.id
  if job.notes ~= '-' then
    for kind in string.gmatch(job.notes, '.') do unnoted[#unnoted + 1] = kind .. job.id end
  end
  known[job.id] = nil
end

local function makeReady(job)
  leave(job)
  job.cancelled = false
  enter(job, 'r', (string.match(job.tail, TERMS)))
end

-- kind and json say what is noted of the end, if anything; json may be empty.
local function finish(job, state, kind, json)
  local _, _, keepCompleted, keepDead, dedup = string.match(job.tail, TERMS)
  local keep = tonumber(state == 'c' and keepCompleted or keepDead)
  if keep <= 0 then return remove(job, dedup) end
  leave(job)
  release(job, dedup)
  job.cancelled = false
  if kind then note(job, kind, json) end
  enter(job, state, digits(now + keep))
end

local function park(job, err)
  leave(job)
  release(job, (select(5, string.match(job.tail, TERMS))))
  job.cancelled = false
  job.attempt = job.attempt - 1
  note(job, 'e', err)
  enter(job, 'p', nowText)
end

local function attemptsUsed(job)
  local _, maxAttempts = string.match(job.tail, TERMS)
  return job.attempt >= tonumber(maxAttempts)
end

local function runAgain(job, delay, refund, err, data)
  if job.cancelled then return finish(job, 'x') end
  if refund then
    job.attempt = job.attempt - 1
  elseif attemptsUsed(job) then
    return finish(job, 'd', 'e', err ~= '' and err or ATTEMPTS_USED)
  end
  if err ~= '' then note(job, 'e', err) end
  if data ~= '' then
    local body = redis.call('HGET', BODIES, job.id)
    local head = string.sub(body, 1, (string.find(body, '\n', 1, true)))
    redis.call('HSET', BODIES, job.id, head .. data .. ']')
  end
  if delay <= 0 then return makeReady(job) end
  leave(job)
  enter(job, 's', digits(now + delay))
end

local function loseLease(job)
  if job.cancelled then
    finish(job, 'x')
  elseif attemptsUsed(job) then
    finish(job, 'd', 'e', LEASE_LOST)
  else
    makeReady(job)
  end
end

local function retry(job)
  local dedup = select(5, string.match(job.tail, TERMS))
  if dedup ~= '' then redis.call('HSETNX', DEDUP, dedup, job.id) end
  job.attempt = 0
  makeReady(job)
end

local function send(command, key, list)
  for first = 1, #list, 1000 do
    redis.call(command, key, unpack(list, first, math.min(first + 999, #list)))
  end
end

local function flush()
  for state, members in pairs(left) do send('ZREM', SETS[state], members) end
  for state, ranks in pairs(entered) do send('ZADD', SETS[state], ranks) end
  for first = 1, #extended, 1000 do
    redis.call('ZADD', SETS.a, 'GT', unpack(extended, first, math.min(first + 999, #extended)))
  end
  send('HSET', JOBS, facts)
  send('HDEL', JOBS, removed)
  send('HDEL', BODIES, removed)
  send('HDEL', NOTES, unnoted)
  send('HSET', NOTES, noted)
  facts, noted, unnoted, removed, extended, left, entered = {}, {}, {}, {}, {}, {}, {}
end

local function saveMeta(prolonged)
  if not minted then return end
  redis.call('HSET', META, 'serial', digits(serial))
  if prolonged and not paused then redis.call('PEXPIRE', META, META_KEPT_MS) end
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
`
