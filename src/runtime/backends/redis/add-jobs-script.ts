import { STATE_MACHINE_LUA } from './job-state-machine.ts'
import { createScript, lua, type RedisScript } from './script.ts'

/**
 * ARGV: offset, then of each job id, body, `priority maxAttempts keepCompleted keepDead`, priority,
 * `1` for lifo, delay in ms, deduplication id or nothing, its lifetime in ms or 0, and nothing or,
 * each `0` or `1`, whether it replaces, extends, is kept as the last and has children, then ` group
 * limit parent failsParent spareId` → the wake, then of each job `+`, `-` when its parent was not
 * added, or the id that was there before, after a `*` when replaced.
 */
export const addJobsScript: RedisScript = createScript(
  STATE_MACHINE_LUA +
    lua`
local ids = {}
for at = 2, #ARGV, 9 do ids[#ids + 1] = ARGV[at] end
load(ids)
local forgotten = false
for _, id in ipairs(ids) do
  local job = known[id]
  if job and isForgotten(job.state, job.seq .. id) then
    forgotten = true
    remove(job)
  end
end
if forgotten then flush() end

local PLAIN = {}
local function moreOf(text)
  local replaces, extends, keeps, blocked, group, limit, parent, fails, spare =
    string.match(text, '^(%d)(%d)(%d)(%d) (%S*) (%d+) (%S*) (%d) (%S*)$')
  local more = {
    replaces = replaces == '1', extends = extends == '1', keeps = keeps == '1', blocked = blocked == '1',
    group = group ~= '' and group or nil, limit = tonumber(limit), parent = parent ~= '' and parent or nil,
    fails = fails == '1', spare = '=' .. spare
  }
  more.special = more.blocked or group ~= '' or parent ~= ''
  return more
end

-- Those of the batch that wait for others of it, with their delays.
local parents, delays, reply = {}, {}, { '' }
for index, id in ipairs(ids) do
  local at = index * 9 - 7
  local body, terms, priority, lifo = ARGV[at + 1], ARGV[at + 2], ARGV[at + 3], ARGV[at + 4] == '1'
  local delay, dedup, ttl, more = tonumber(ARGV[at + 5]), ARGV[at + 6], tonumber(ARGV[at + 7]), ARGV[at + 8] == '' and PLAIN or moreOf(ARGV[at + 8])
  local parent = more.parent and parents[idOfEncoded(more.parent)]
  local holder, ends = known[id] and id, nil
  if more.parent and not parent then
    reply[index + 1] = '-'
  else
    if not holder and dedup ~= '' then
      holder, ends = holderOf(dedup)
      if holder and ends and more.extends and ttl > 0 then hold(dedup, holder, ttl) end
      if holder and not ends and more.keeps and holder ~= more.spare then
        local job = find(holder)
        if job and job.state == 'a' then
          note(job, 'f', table.concat({
            more.spare, ARGV[at + 4], ARGV[at + 5], dedup, more.group or '', more.limit, terms
          }, ' ') .. '\n' .. body)
          touch(job)
        end
      end
    end
    if not holder then
      if parent then more.parentFlow = parent.flow end
      local job = insert(id, body, terms, priority, lifo, delay, dedup, ttl, more.special and more or nil)
      if more.blocked then
        parents[id] = job
        delays[id] = delay
      end
      if parent then parent.pending = parent.pending + 1 end
      reply[index + 1] = '+'
    else
      local job = more.replaces and find(holder)
      if job and isWaiting(job.state) then
        replace(job, body, terms, priority, lifo, delay)
        holder = '*' .. holder
      end
      reply[index + 1] = holder
    end
  end
end
-- In the order in which they were added, so that the first comes first into its group.
for _, id in ipairs(next(parents) and ids or {}) do
  local job = parents[id]
  if job and job.pending == 0 then
    parents[id] = nil
    if delays[id] > 0 then
      move(job, 's', digits(now + delays[id]))
    else
      makeReady(job)
    end
  end
end
flush()
saveMeta(true)
saveEvents()
reply[1] = wakeIn(redis.call('ZCARD', SETS.r) > 0, math.min(headOf('s'), headOf('a')))
if woken then wake(reply[1]) end
return reply
`,
)
