import { ADD_BATCH_LUA } from './add-batch.ts'
import { BODIES_AT_ONCE } from './job-layout.ts'
import { STATE_MACHINE_LUA } from './job-state-machine.ts'
import { createScript, lua, REPLY_BYTES, type RedisScript } from './script.ts'

/**
 * ARGV: offset, end of the settlements, end of the extensions, claim limit, claim lease in ms, then
 * settlements (id, token, outcome, delay in ms, note, data) and extensions (id, token, lease in ms,
 * progress), then the children of settlements → fates of the settlements and of the extensions as
 * letters after a `=`, the wake, then id, facts, body and error of each job claimed.
 *
 * An outcome is a state's letter, `f` for scheduled with a refund. One that is `b` has the number
 * of its children in place of the delay; they stand as {@link ADD_BATCH_LUA} takes them.
 */
export const exchangeJobsScript: RedisScript = createScript(
  STATE_MACHINE_LUA +
    ADD_BATCH_LUA +
    lua`
local ARGV = ARGV
local settlesEnd, extendsEnd = tonumber(ARGV[2]), tonumber(ARGV[3])
local limit, lease = tonumber(ARGV[4]), tonumber(ARGV[5])
local ids = {}
for at = 6, settlesEnd, 6 do ids[#ids + 1] = ARGV[at] end
for at = settlesEnd + 1, extendsEnd, 4 do ids[#ids + 1] = ARGV[at] end
load(ids)

-- The first argument of the next children that a settlement brings.
local childAt = extendsEnd + 1
-- Those that would have to wait for the job: itself, and whoever waits for it.
local function waitsForItself(job, first, last)
  local above, line = { [job] = true }, { job }
  for _, one in ipairs(line) do
    for _, tie in ipairs(one.parents or {}) do
      local parent = findParent(tie)
      if parent and not above[parent] then
        above[parent] = true
        line[#line + 1] = parent
      end
    end
  end
  for at = first, last, 9 do
    local holder = find(ARGV[at])
    if holder and isForgotten(holder.state, holder.seq .. holder.id) then holder = nil end
    if not holder and ARGV[at + 6] ~= '' then
      local id = holderOf(ARGV[at + 6])
      holder = id and find(id)
    end
    if holder and above[holder] then return true end
  end
  return false
end
local function waitForChildren(job, first, last, data)
  if job.cancelled then return finish(job, 'x') end
  -- What ended before it in this call may be added anew.
  flush()
  if waitsForItself(job, first, last) then return finish(job, 'd', 'e', FLOW_CIRCLE) end
  record(job, 'blocked')
  job.attempt = job.attempt - 1
  if data ~= '' then changeData(job, data) end
  if not job.more then job.more, job.limit, job.flow, job.pending, job.parents = true, 1, '0', 0, {} end
  if job.flow == '0' then job.flow = digits(mint()) end
  -- One more than it has, until they are counted.
  job.pending = job.pending + 1
  makeReady(job)
  local _, failed = addBatch(first, last, job)
  -- Unless a child of it, added with it, has failed it already.
  if not job.gone then childEnded(job, failed) end
end

local fates = { '=' }
for at = 6, settlesEnd, 6 do
  local job, to = known[ARGV[at]], ARGV[at + 2]
  local first = childAt
  if to == 'b' then childAt = childAt + 9 * tonumber(ARGV[at + 3]) end
  if not job or job.state ~= 'a' or job.token ~= ARGV[at + 1] then
    fates[#fates + 1] = 'l'
  else
    fates[#fates + 1] = 's'
    if to == 'c' then
      finish(job, 'c', 'r', ARGV[at + 4])
    elseif to == 'd' then
      finish(job, 'd', 'e', ARGV[at + 4])
    elseif to == 'x' then
      finish(job, 'x')
    elseif to == 'p' then
      park(job, ARGV[at + 4])
    elseif to == 'b' then
      waitForChildren(job, first, childAt - 1, ARGV[at + 5])
    else
      runAgain(job, tonumber(ARGV[at + 3]), to == 'f', ARGV[at + 4], ARGV[at + 5])
    end
  end
end

local grants = { '=' }
for at = settlesEnd + 1, extendsEnd, 4 do
  local job = known[ARGV[at]]
  if not job or job.state ~= 'a' or job.token ~= ARGV[at + 1] then
    grants[#grants + 1] = 'l'
  else
    grants[#grants + 1] = job.cancelled and 'c' or 'e'
    extended[#extended + 1] = digits(now + tonumber(ARGV[at + 2]))
    extended[#extended + 1] = job.seq .. job.id
    if ARGV[at + 3] ~= '' then
      record(job, 'progress')
      note(job, 'p', ARGV[at + 3])
      touch(job)
    end
  end
end
flush()
local news = woken

local function pass(state, act)
  local members = redis.call('ZRANGEBYSCORE', SETS[state], '-inf', nowText, 'LIMIT', 0, BOUND)
  local ids = idsOf(members)
  load(ids)
  for index, id in ipairs(ids) do
    if standsIn(known[id], state, members[index]) then
      act(known[id])
    else
      (FORGETFUL[state] and discard or setAside)(state, members[index])
    end
  end
  return #members
end
local due, lost = headOf('s'), headOf('a')
if due <= now or lost <= now then
  pass('s', makeReady)
  pass('a', loseLease)
  flush()
  due, lost = headOf('s'), headOf('a')
end
if next(bounds) then dropExcess() end

-- Records whose time is over are hidden at once and dropped here: while there is work once a second, or as often as more wait.
local claiming = limit > 0 and not paused
local sweeping, swept = not claiming or now - tonumber(meta[3] or 0) >= 1000, true
if sweeping then
  for _, state in ipairs({ 'c', 'd', 'x' }) do
    if pass(state, remove) == BOUND then swept = false end
  end
  local ended = redis.call('ZRANGEBYSCORE', DEDUP_ENDS, '-inf', nowText, 'LIMIT', 0, BOUND)
  if #ended == BOUND then swept = false end
  send('ZREM', DEDUP_ENDS, ended)
  send('HDEL', DEDUP, ended)
  flush()
end

-- Whether a ready job of a group may be claimed: its group may have been paused or limited meanwhile.
local actives = {}
local function activesOf(group)
  if not actives[group] then
    local count, ids = 0, idsOf(redis.call('ZRANGE', SETS.a, 0, -1))
    for first = 1, #ids, 1000 do
      for _, text in ipairs(redis.call('HMGET', JOBS, unpack(ids, first, math.min(first + 999, #ids)))) do
        local _, _, _, _, flags, _, tail = string.match(text or '', FACTS)
        if flags and flags >= '2' and select(2, string.match(tail, MORE)) == group then count = count + 1 end
      end
    end
    actives[group] = count
  end
  return actives[group]
end
local function mayClaim(tail)
  local _, group = string.match(tail, MORE)
  if (group or '') == '' then return true end
  local room = roomOf(group)
  if controls[group].paused then return false end
  local limit = limitOf(group)
  if limit and room > limit then
    if activesOf(group) >= limit then return false end
    actives[group] = actives[group] + 1
  end
  return true
end

local match, locate = string.match, string.find
local reply = { table.concat(fates), table.concat(grants), '' }
local hasReady, full = false, true
if claiming then
  local leaseEnd, bytes, total, cut = digits(now + lease), 0, 0, false
  local members, wanted
  -- How many were set aside: the rest is for the next call where that is nearly all.
  local broken = 0
  repeat
    wanted = limit - total
    members = redis.call('ZRANGE', SETS.r, 0, wanted - 1)
    local taken, active, changed, left, unfit, aside = 0, {}, {}, {}, {}, {}
    for first = 1, #members, ${BODIES_AT_ONCE} do
      local claimed = idsOf({ unpack(members, first, first + ${BODIES_AT_ONCE - 1}) })
      local texts = redis.call('HMGET', JOBS, unpack(claimed))
      local found = redis.call('HMGET', BODIES, unpack(claimed))
      for index, id in ipairs(claimed) do
        local facts, body, member = texts[index] or '', found[index], members[first + index - 1]
        local state, attempts, crashes, token, seq, flags, notes, tail = match(facts, PLAIN_FACTS)
        local isKnown = state and isSound(tail)
        if not state and readFacts(id, facts) then
          isKnown, state, attempts, crashes, token, seq, flags, notes, tail = true, match(facts, '^(%a) (%d+)(%S*) (%d+) (%d+) (%d) (%S+) (.*)$')
        end
        if not isKnown or state ~= 'r' or locate(member, seq, 1, true) ~= 1 or not (body and locate(body, BODY)) then
          aside[#aside + 1] = member
        elseif flags >= '2' and not mayClaim(tail) then
          unfit[#unfit + 1] = id
        else
          bytes = bytes + #body
          if bytes > ${REPLY_BYTES} and total + taken > 0 then
            cut = true
            break
          end
          taken = taken + 1
          mint()
          if token ~= '0' then serial = math.max(serial, tonumber(token) + 1) end
          if keep > 0 then record({ id = id }, 'active', attempts + 1, body) end
          local text = 'a ' .. (attempts == '0' and '1' or attempts + 1) .. crashes .. ' ' .. digits(serial) .. ' ' .. seq .. ' ' .. flags .. ' ' .. notes .. ' ' .. tail
          local at = taken * 2
          changed[at - 1], changed[at] = id, text
          active[at - 1], active[at] = leaseEnd, member
          left[taken] = member
          at = (total + taken) * 4
          reply[at], reply[at + 1], reply[at + 2] = id, text, body
          reply[at + 3] = notes ~= '-' and locate(notes, 'e', 1, true) and redis.call('HGET', NOTES, 'e' .. id) or ''
        end
      end
      if cut then break end
    end
    if taken > 0 then
      send('HSET', JOBS, changed)
      send('ZADD', SETS.a, active)
      if #unfit + #aside == 0 then
        redis.call('ZREMRANGEBYRANK', SETS.r, 0, taken - 1)
      else
        send('ZREM', SETS.r, left)
      end
      lost = math.min(lost, now + lease)
    end
    total = total + taken
    -- What is held instead makes room for those behind it.
    load(unfit)
    for _, id in ipairs(unfit) do move(known[id], 'h', (string.match(known[id].tail, '^%d+'))) end
    for _, member in ipairs(aside) do setAside('r', member) end
    broken = broken + #aside
    if #unfit + #aside > 0 then flush() end
  until #unfit + #aside == 0 or cut or total == limit or broken >= BOUND
  hasReady, full = cut or total == limit or #members == wanted, total == limit
end
if hasReady or not claiming then hasReady = redis.call('ZCARD', SETS.r) > 0 end
if minted and sweeping and swept then redis.call('HSET', META, 'swept', nowText) end
saveMeta(sweeping)
saveEvents()
sayEnds()
reply[3] = wakeIn(hasReady, math.min(due, lost))
-- Whoever has room for more sees to what its settlements brought and to what fell due; whoever has none leaves it to others.
if full and (news or (woken and hasReady)) then wake(reply[3]) end
return reply
`,
)
