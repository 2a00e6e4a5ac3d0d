import {
  ATTEMPTS_USED_ERROR,
  CHILD_FAILED_ERROR,
  FLOW_CIRCLE_ERROR,
  LEASE_LOST_ERROR,
  RECORD_UNREADABLE_ERROR,
} from '../../ports/job-store/job-state.ts'
import { JOB_LIMITS } from '../../ports/job-store/job-limits.ts'
import { WORKSPACE_LUA } from './job-workspace.ts'
import { lua } from './script.ts'

/** How long one is kept that was parked as unreadable and ends dead after all. */
const UNREADABLE_KEPT_MS = 604_800_000

/**
 * The Lua twin of `transition` in `ports/job-state.ts`, on top of {@link WORKSPACE_LUA}: each
 * function is one of its cases with what follows from it: held jobs of the group are admitted, a
 * job kept for this one's end is added, the parent hears of it, in this order.
 */
export const STATE_MACHINE_LUA: string =
  WORKSPACE_LUA +
  lua`
local LEASE_LOST = [==[=${JSON.stringify(LEASE_LOST_ERROR)}]==]
local ATTEMPTS_USED = [==[=${JSON.stringify(ATTEMPTS_USED_ERROR)}]==]
local FLOW_CIRCLE = [==[=${JSON.stringify(FLOW_CIRCLE_ERROR)}]==]
local UNREADABLE = [==[=${JSON.stringify(RECORD_UNREADABLE_ERROR)}]==]
local CHILD_FAILED = [==[=${JSON.stringify(CHILD_FAILED_ERROR)}]==]

local function takesRoom(state) return state == 'r' or state == 'a' end
local function isWaiting(state) return state == 'r' or state == 's' or state == 'h' end
local function hasEnded(state) return state == 'c' or state == 'd' or state == 'x' end

local function idOfEncoded(text)
  return '=' .. string.gsub(text, '%%(%x%x)', function(hex) return string.char(tonumber(hex, 16)) end)
end

-- Where a held job stands in its group.
local function turnOf(job)
  return job.group .. ' ' .. string.format('%07d', string.match(job.tail, '^%d+')) .. job.seq .. job.id
end

-- Moves a job, whose seq and tail may change with it; one that would become ready while its group is full is held.
local move, setAside
local function admitHeld(group)
  while true do
    local turn = redis.call('ZRANGEBYLEX', TURNS, '[' .. group .. ' ', '(' .. group .. '!', 'LIMIT', 0, 1)[1]
    if not turn then return end
    local job = find(string.sub(turn, #group + 25))
    if not job or job.state ~= 'h' or job.group ~= group then
      redis.call('ZREM', TURNS, turn)
      if not job then setAside('h', string.sub(turn, #group + 9)) end
    else
      if not hasRoom(group, job.limit) then return end
      move(job, 'r', (string.match(job.tail, '^%d+')), nextSeq())
    end
  end
end
function move(job, state, rank, seq, tail)
  local group = job.group
  if not group then
    job.state, job.rank, job.seq, job.tail = state, rank, seq or job.seq, tail or job.tail
    return touch(job)
  end
  local had = takesRoom(job.state)
  if job.state == 'h' then redis.call('ZREM', TURNS, turnOf(job)) end
  job.seq, job.tail = seq or job.seq, tail or job.tail
  if state == 'r' and not had and not hasRoom(group, job.limit) then state = 'h' end
  if state == 'h' then redis.call('ZADD', TURNS, 0, turnOf(job)) end
  local has = takesRoom(state)
  if had ~= has then changeRoom(group, has and 1 or -1) end
  job.state, job.rank = state, rank
  touch(job)
  if had and not has then admitHeld(group) end
end

-- Gives a job other tags; none where it is empty.
local function setTags(job, tags)
  local before = noteOf(job, 't')
  if before == tags then return end
  local addedAt = string.match(job.tail, '^%d+ %S+ %S+ %S+ (%d+)')
  local stand = ' ' .. string.rep('0', 16 - #addedAt) .. addedAt .. job.id
  for tag in string.gmatch(string.sub(before, 2), '[^,]+') do redis.call('ZREM', TAGS, tag .. stand) end
  for tag in string.gmatch(string.sub(tags, 2), '[^,]+') do redis.call('ZADD', TAGS, 0, tag .. stand) end
  note(job, 't', tags)
end

-- The job that holds a deduplication id, and when that ends, if by time.
local function holderOf(dedup)
  local holder = redis.call('HGET', DEDUP, dedup)
  local ends = holder and redis.call('ZSCORE', DEDUP_ENDS, dedup)
  if ends and tonumber(ends) <= now then return false end
  return holder, ends
end
local function hold(dedup, id, ttl)
  redis.call('HSET', DEDUP, dedup, id)
  if ttl > 0 then
    redis.call('ZADD', DEDUP_ENDS, digits(now + ttl), dedup)
  else
    redis.call('ZREM', DEDUP_ENDS, dedup)
  end
end

-- terms: priority maxAttempts keepCompleted keepDead; more: what else the job has, if anything, also the state b.
local function insert(id, body, terms, priority, lifo, delay, dedup, ttl, more, tags)
  local job = {
    id = id, attempt = 0, crashes = 0, token = '0', cancelled = false, notes = '-', seq = nextSeq(lifo),
    tail = terms .. ' ' .. nowText .. ' ' .. (ttl == 0 and dedup or '')
  }
  local blocked = false
  if more then
    job.more, job.group, job.limit = true, more.group, more.limit
    job.parents = more.parents or {}
    blocked = more.blocked
    job.flow, job.pending = blocked and digits(serial) or '0', 0
  end
  bodies[#bodies + 1] = id
  bodies[#bodies + 1] = body
  known[id] = job
  job.body = body
  record(job, 'added')
  if blocked then
    move(job, 'b', priority)
  elseif delay > 0 then
    move(job, 's', digits(now + delay))
  else
    move(job, 'r', priority)
  end
  if dedup ~= '' then hold(dedup, id, ttl) end
  if tags and tags ~= '' then setTags(job, tags) end
  return job
end

-- Frees the deduplication id of a job that needs nothing more, and adds the job kept for that.
local function release(job)
  local dedup = select(5, string.match(job.tail, TERMS))
  if dedup == '' then return end
  if redis.call('HGET', DEDUP, dedup) == job.id then redis.call('HDEL', DEDUP, dedup) end
  local follow = noteOf(job, 'f')
  if follow == '' then return end
  note(job, 'f', '')
  local tags = noteOf(job, 'g')
  note(job, 'g', '')
  local id, lifo, delay, again, group, limit, terms, body =
    string.match(follow, '^(%S+) (%d) (%d+) (%S*) (%S*) (%d+) ([^\n]*)\n(.*)$')
  if not id then return end
  local more = group ~= '' and { group = group, limit = tonumber(limit) } or nil
  insert(id, body, terms, string.match(terms, '^%d+'), lifo == '1', tonumber(delay), again, 0, more, tags)
end

local function forgetChildren(flow)
  local fields = { flow }
  for number = 1, tonumber(redis.call('HGET', CHILDREN, flow) or 0) do fields[#fields + 1] = flow .. '#' .. number end
  for first = 2, #fields, 1000 do
    local ids = redis.call('HMGET', CHILDREN, unpack(fields, first, math.min(first + 999, #fields)))
    local ends = {}
    for index = 1, #ids do
      if ids[index] then ends[#ends + 1] = flow .. ids[index] end
    end
    send('HDEL', CHILDREN, ends)
  end
  send('HDEL', CHILDREN, fields)
end

-- Takes a job out without any word to others but its group.
local function drop(job)
  if job.group then
    if job.state == 'h' then redis.call('ZREM', TURNS, turnOf(job)) end
    if takesRoom(job.state) then changeRoom(job.group, -1) end
  end
  if job.more and job.flow ~= '0' then forgetChildren(job.flow) end
  if string.find(job.notes, 't', 1, true) then setTags(job, '') end
  job.gone = true
  known[job.id] = false
  touch(job)
  if job.group and takesRoom(job.state) then admitHeld(job.group) end
end

-- Ready, or blocked where children have not ended.
local function makeReady(job)
  job.cancelled = false
  move(job, (job.pending or 0) > 0 and 'b' or 'r', (string.match(job.tail, '^%d+')))
end

-- The parent that a tie names, unless its id is another job's by now.
local function findParent(tie)
  local parent = find(idOfEncoded(tie.parent))
  return parent and parent.more and parent.flow == tie.flow and parent or nil
end

-- Keeps how a child ended: a state's letter, or g when it was removed; false when it is there.
local function noteChild(parent, id, ended, name, json)
  if redis.call('HEXISTS', CHILDREN, parent.flow .. id) == 1 then return false end
  local number = redis.call('HINCRBY', CHILDREN, parent.flow, 1)
  redis.call('HSET', CHILDREN, parent.flow .. id, number .. ' ' .. ended .. name .. '\n' .. json,
    parent.flow .. '#' .. number, id)
  return true
end

local function takeChild(parent, id)
  local text = redis.call('HGET', CHILDREN, parent.flow .. id)
  if not text then return false end
  redis.call('HDEL', CHILDREN, parent.flow .. id, parent.flow .. '#' .. string.match(text, '^%d+'))
  return true
end

local function nameOf(id) return nameIn(redis.call('HGET', BODIES, id)) end

local finish
local function childEnded(parent, failed)
  parent.pending = math.max(parent.pending - 1, 0)
  -- It counts all the same: who is retried later on waits only for those that have not ended.
  if parent.state ~= 'b' then return touch(parent) end
  if failed then return finish(parent, 'd', 'e', CHILD_FAILED) end
  if parent.pending > 0 then return touch(parent) end
  makeReady(parent)
end

-- ended is a state's letter, or g when the job was removed; json its result or error, default the error it has.
local function tellParents(job, ended, json)
  local name, told
  for _, tie in ipairs(job.parents) do
    local parent = findParent(tie)
    if parent then
      if not name then name, told = nameOf(job.id), json or noteOf(job, 'e') end
      if noteChild(parent, job.id, ended, name, told) then childEnded(parent, ended ~= 'c' and tie.fails) end
    end
  end
end

-- A job that runs again is waited for again, and how it ended counts no more.
local function makeParentsWait(job)
  for _, tie in ipairs(job.parents) do
    local parent = findParent(tie)
    if parent and takeChild(parent, job.id) then
      parent.pending = parent.pending + 1
      if isWaiting(parent.state) then makeReady(parent) else touch(parent) end
    end
  end
end

-- The bounds of the jobs that ended in this call, by state.
local bounds = {}
local function heed(state, most)
  local bound = bounds[state] or { most = most, drops = ${JOB_LIMITS.dropped} }
  bounds[state] = { most = math.min(most, bound.most), drops = bound.drops + 1 }
end

local ENDS = { c = 'completed', d = 'dead', x = 'cancelled' }
-- kind and json say what is noted of the end, if anything; json may be empty.
function finish(job, state, kind, json)
  record(job, ENDS[state])
  if watched then ended[#ended + 1] = job.id end
  local keepCompleted, keepDead, dedup = string.match(job.tail, '^%d+ %S+ (%S+) (%S+) %d+ (%S*)$')
  local keeping = state == 'c' and keepCompleted or keepDead
  local keep = tonumber(keeping)
  if not keep then
    local ms, most = string.match(keeping, '^(%d+)/(%d+)$')
    keep = tonumber(ms)
    if keep > 0 then heed(state, tonumber(most)) end
  end
  if keep <= 0 then
    drop(job)
  else
    job.cancelled = false
    if kind then note(job, kind, json) end
    move(job, state, digits(now + keep))
  end
  if dedup ~= '' then release(job) end
  if job.more then tellParents(job, state, json) end
end

local function remove(job)
  if not hasEnded(job.state) then
    record(job, 'removed')
    if watched then ended[#ended + 1] = job.id end
  end
  drop(job)
  if hasEnded(job.state) then return end
  release(job)
  if job.more then tellParents(job, 'g') end
end

-- Whether a member of a set is that of a job that stands there, as far as is written.
local function standsIn(job, state, member)
  return job and job.home == state and job.homeSeq .. job.id == member
end

-- Takes out a member whose record is of no more use, and what is left of that.
local function discard(state, member)
  redis.call('ZREM', SETS[state], member)
  local id = string.sub(member, 17)
  if find(id) then return end
  redis.call('HDEL', JOBS, id)
  redis.call('HDEL', BODIES, id)
  redis.call('HDEL', NOTES, 'e' .. id, 'p' .. id, 'r' .. id, 'f' .. id, 'u' .. id, 't' .. id, 'g' .. id)
end

-- Drops what is more than the jobs that ended in this call let stay.
local function dropExcess()
  for state, bound in pairs(bounds) do
    local excess = math.min(redis.call('ZCARD', SETS[state]) - bound.most, bound.drops)
    if excess > 0 then
      local members = redis.call('ZRANGE', SETS[state], 0, excess - 1)
      local ids = idsOf(members)
      load(ids)
      for index, id in ipairs(ids) do
        if standsIn(known[id], state, members[index]) then drop(known[id]) else discard(state, members[index]) end
      end
    end
  end
  flush()
end

local function park(job, err)
  record(job, 'parked')
  job.cancelled = false
  job.attempt = job.attempt - 1
  note(job, 'e', err)
  move(job, 'p', nowText)
  release(job)
end

local function attemptsUsed(job)
  local _, most = string.match(job.tail, TERMS)
  return job.attempt >= tonumber((string.match(most, '^%d+')))
end

-- A member of a set whose job cannot be run as it stands there is parked as what is left of it, or waits again where only a step was cut short.
function setAside(state, member)
  local id, seq = string.sub(member, 17), string.sub(member, 1, 16)
  redis.call('ZREM', SETS[state], member)
  if not string.find(member, '^%d+=') then return end
  local job = find(id)
  if job and not standsIn(job, state, member) then
    if redis.call('ZSCORE', SETS[job.state], job.seq .. id) then return end
    if takesRoom(state) and takesRoom(job.state) and isBody(redis.call('HGET', BODIES, id)) then return makeReady(job) end
  end
  if not job then
    local text = redis.call('HGET', JOBS, id)
    job = {
      id = id, state = state, attempt = 0, crashes = 0, token = '0', seq = seq, cancelled = false, notes = '-',
      tail = '0 1 0 ${UNREADABLE_KEPT_MS} ' .. nowText .. ' '
    }
    known[id] = job
    if text then note(job, 'u', '=' .. text) end
  end
  record(job, 'parked')
  job.cancelled = false
  note(job, 'e', UNREADABLE)
  move(job, 'p', nowText)
  release(job)
end

local function changeData(job, data)
  local head = string.match(redis.call('HGET', BODIES, job.id) or '', '^[^\n]*\n[^\n]*\n')
  if not head then return false end
  redis.call('HSET', BODIES, job.id, head .. data .. ']')
end

local function runAgain(job, delay, refund, err, data)
  if job.cancelled then return finish(job, 'x') end
  if refund then
    record(job, 'deferred')
    job.attempt = job.attempt - 1
  elseif attemptsUsed(job) then
    return finish(job, 'd', 'e', err ~= '' and err or ATTEMPTS_USED)
  else
    record(job, 'retrying')
    job.crashes = 0
  end
  if err ~= '' then note(job, 'e', err) end
  if data ~= '' then changeData(job, data) end
  if delay <= 0 or (job.pending or 0) > 0 then return makeReady(job) end
  move(job, 's', digits(now + delay))
end

local function loseLease(job)
  if job.cancelled then return finish(job, 'x') end
  local _, most = string.match(job.tail, TERMS)
  local maxCrashes = tonumber((string.match(most, '/(%d+)$')))
  if (maxCrashes and job.crashes >= maxCrashes) or (not maxCrashes and attemptsUsed(job)) then
    return finish(job, 'd', 'e', LEASE_LOST)
  end
  record(job, 'stalled')
  if maxCrashes then
    job.attempt = job.attempt - 1
    job.crashes = job.crashes + 1
  end
  makeReady(job)
end

-- A job that needed nothing more waits again, and holds its deduplication id again.
local function waitAgain(job)
  makeReady(job)
  local dedup = select(5, string.match(job.tail, TERMS))
  if dedup ~= '' and not holderOf(dedup) then hold(dedup, job.id, 0) end
end

local retried = 0
-- A parent takes the children with it that failed it, ahead of itself.
local function retry(job)
  if not hasEnded(job.state) and job.state ~= 'p' then return false end
  local flow = job.more and job.flow or '0'
  local last = flow == '0' and 0 or tonumber(redis.call('HGET', CHILDREN, flow) or 0)
  for number = 1, last do
    local id = redis.call('HGET', CHILDREN, flow .. '#' .. number)
    local text = id and redis.call('HGET', CHILDREN, flow .. id)
    local child = text and not string.find(text, '^%d+ c') and find(id)
    if child and child.more and not isForgotten(child.state, child.seq .. id) then
      for _, tie in ipairs(child.parents) do
        if tie.fails and tie.flow == flow and idOfEncoded(tie.parent) == job.id then retry(child) break end
      end
    end
  end
  retried = retried + 1
  record(job, 'retried')
  job.attempt, job.crashes = 0, 0
  waitAgain(job)
  if job.more then makeParentsWait(job) end
end

-- Changes what a waiting job carries; delay is nil where it stays, data and priority are empty then.
local function change(job, data, delay, priority)
  if not isWaiting(job.state) and (delay or (job.state ~= 'b' and job.state ~= 'p')) then return false end
  if data ~= '' and changeData(job, data) == false then return false end
  record(job, 'changed')
  local tail = job.tail
  if priority ~= '' then tail = priority .. string.match(tail, '^%d+( .*)$') end
  if delay and delay > 0 then return move(job, 's', digits(now + delay), nil, tail) end
  local rank = string.match(tail, '^%d+')
  if job.state == 's' and delay then return move(job, (job.pending or 0) > 0 and 'b' or 'r', rank, nil, tail) end
  if job.state ~= 's' and job.state ~= 'p' then return move(job, job.state, rank, nil, tail) end
  job.tail = tail
  touch(job)
end

-- Puts another job in the place of one that waits.
local function replace(job, body, terms, priority, lifo, delay)
  job.body = body
  record(job, 'replaced')
  job.attempt, job.crashes, job.cancelled = 0, 0, false
  note(job, 'e', '')
  note(job, 'p', '')
  note(job, 'r', '')
  bodies[#bodies + 1] = job.id
  bodies[#bodies + 1] = body
  local tail = terms .. string.match(job.tail, '^%d+ %S+ %S+ %S+( .*)$')
  local seq = nextSeq(lifo)
  if delay > 0 then
    move(job, 's', digits(now + delay), seq, tail)
  else
    move(job, 'r', priority, seq, tail)
  end
end
`
