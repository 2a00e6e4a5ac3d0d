import { MOST_GROUPS_ADMITTED } from '../../ports/job-store/group-control.ts'
import { STATE_MACHINE_LUA } from './job-state-machine.ts'
import { createScript, lua, type RedisScript } from './script.ts'

/**
 * ARGV: offset, command (`promote-anew` forgets errors), then ids; or offset, `groups`, a prefix of
 * their keys and a limit or `-`; or offset, `purge`, a state's
 * letter and how many; or offset, `record` and how many events; or offset, `change`, data, delay in
 * ms and priority, each empty where it stays, then ids → the number of jobs changed, after a `=`.
 */
export const commandJobsScript: RedisScript = createScript(
  STATE_MACHINE_LUA +
    lua`
local command, changed = ARGV[2], 0
if command == 'pause' then
  redis.call('HSET', META, 'paused', '1')
  redis.call('PERSIST', META)
  return { '=0' }
elseif command == 'resume' then
  redis.call('HDEL', META, 'paused')
  if keep == 0 then redis.call('PEXPIRE', META, META_KEPT_MS) end
  if paused then wake('=0') end
  return { '=0' }
elseif command == 'group' then
  local group, asked, most = ARGV[3], ARGV[4], ARGV[5]
  roomOf(group)
  local control = controls[group]
  local before = (control.paused and '1' or '0') .. ' ' .. (control.limit or '-')
  if asked ~= '' then control.paused = asked == '1' end
  if most ~= '' then control.limit = tonumber(most) end
  local after = (control.paused and '1' or '0') .. ' ' .. (control.limit or '-')
  if after == before then return { '=0' } end
  if after == '0 -' then
    redis.call('HDEL', GROUPS, ' ' .. group)
  else
    redis.call('HSET', GROUPS, ' ' .. group, after)
  end
  admitHeld(group)
  flush()
  saveMeta(true)
  wake(wakeIn(woken, math.huge))
  return { '=1' }
elseif command == 'groups' then
  local prefix, most = ARGV[3], tonumber(ARGV[4])
  readLimits(redis.call('HGET', GROUPS, ' '))
  local before, parts = limits[prefix], {}
  if before == most then return { '=0' } end
  limits[prefix] = most
  for key, limit in pairs(limits) do parts[#parts + 1] = key .. ' ' .. limit end
  if #parts == 0 then
    redis.call('HDEL', GROUPS, ' ')
  else
    redis.call('HSET', GROUPS, ' ', table.concat(parts, ' '))
  end
  local from, seen = '[' .. prefix, 0
  while seen < ${MOST_GROUPS_ADMITTED} and not (before and most and most < before) do
    local turn = redis.call('ZRANGEBYLEX', TURNS, from, '+', 'LIMIT', 0, 1)[1]
    if not turn or string.sub(turn, 1, #prefix) ~= prefix then break end
    local group = string.match(turn, '^%S+')
    admitHeld(group)
    from, seen = '(' .. group .. '!', seen + 1
  end
  flush()
  saveMeta(true)
  wake(wakeIn(woken, math.huge))
  return { '=1' }
elseif command == 'record' then
  local wanted = tonumber(ARGV[3])
  if keep == 0 and wanted > 0 then
    redis.call('HSET', META, 'started', digits(math.max(latestEvent() + 1, now * 1000)))
  elseif wanted == 0 and keep > 0 then
    -- Where its numbers ended stays: a cursor of today misses what is not recorded.
    redis.call('HSET', META, 'started', digits(latestEvent()))
    redis.call('DEL', EVENTS)
  elseif wanted > 0 then
    redis.call('XTRIM', EVENTS, 'MAXLEN', wanted)
  end
  if wanted > 0 then
    redis.call('HSET', META, 'keep', wanted)
    redis.call('PERSIST', META)
  elseif keep > 0 then
    redis.call('HDEL', META, 'keep')
    if not paused then redis.call('PEXPIRE', META, META_KEPT_MS) end
  end
  return { '=0' }
end

local anew = command == 'promote-anew'
if anew then command = 'promote' end
local acts = {
  promote = function(job)
    if job.state ~= 's' and job.state ~= 'p' then return false end
    if anew then note(job, 'e', '') end
    record(job, 'promoted')
    if job.state == 'p' then waitAgain(job) else makeReady(job) end
  end,
  retry = retry,
  cancel = function(job)
    if hasEnded(job.state) then return false end
    if job.state ~= 'a' then return finish(job, 'x') end
    if job.cancelled then return false end
    job.cancelled = true
    touch(job)
  end,
  remove = function(job)
    if job.state == 'a' then return false end
    remove(job)
  end,
}
local only
local ids, members, first = {}, {}, 3
if command == 'change' then
  first = 6
  local delay = tonumber(ARGV[4])
  acts.change = function(job) return change(job, ARGV[3], delay, ARGV[5]) end
end
if command == 'purge' then
  command, only = 'remove', ARGV[3]
  local first = countForgotten(only)
  members = redis.call('ZRANGE', SETS[only], first, first + tonumber(ARGV[4]) - 1)
  ids = idsOf(members)
else
  for at = first, #ARGV do ids[#ids + 1] = ARGV[at] end
end
load(ids)
for index, member in ipairs(members) do
  -- Of which there is nothing to remove but this.
  if not standsIn(known[ids[index]], only, member) then
    discard(only, member)
    changed = changed + 1
  end
end
for _, id in ipairs(ids) do
  local job = known[id]
  -- What happens to one may remove or move another.
  if job and (not only or job.state == only) and not isForgotten(job.state, job.seq .. id) then
    if acts[command](job) ~= false then changed = changed + 1 end
  end
end
flush()
if next(bounds) then dropExcess() end
saveMeta(true)
saveEvents()
sayEnds()
wake(wakeIn(woken, math.huge))
-- Among those retried are those that others took with them.
return { '=' .. (command == 'retry' and retried or changed) }
`,
)
