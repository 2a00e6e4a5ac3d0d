import { STATE_MACHINE_LUA } from './job-state-machine.ts'
import { createScript, lua, type RedisScript } from './script.ts'

/**
 * ARGV: offset, command, then ids; or offset, `purge`, a state's letter and how many → the number of jobs changed, after a `=`.
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
  redis.call('PEXPIRE', META, META_KEPT_MS)
  return { '=0' }
end

local function dedupOf(job) return (select(5, string.match(job.tail, TERMS))) end
local function isWaiting(job) return job.state == 'r' or job.state == 's' end
local acts = {
  promote = function(job)
    if job.state ~= 's' then return false end
    makeReady(job)
  end,
  retry = function(job)
    if job.state == 'a' or isWaiting(job) then return false end
    retry(job)
  end,
  cancel = function(job)
    if job.state == 'a' then
      if job.cancelled then return false end
      job.cancelled = true
      write(job)
    elseif isWaiting(job) or job.state == 'p' then
      finish(job, 'x')
    else
      return false
    end
  end,
  remove = function(job)
    if job.state == 'a' then return false end
    remove(job, dedupOf(job))
  end,
}
local ids = {}
if command == 'purge' then
  command = 'remove'
  local first = countForgotten(ARGV[3])
  ids = idsOf(redis.call('ZRANGE', SETS[ARGV[3]], first, first + tonumber(ARGV[4]) - 1))
else
  for at = 3, #ARGV do ids[#ids + 1] = ARGV[at] end
end
load(ids)
for _, id in ipairs(ids) do
  local job = known[id]
  if job and not isForgotten(job.state, job.seq .. id) and acts[command](job) ~= false then
    changed = changed + 1
  end
end
flush()
saveMeta(true)
return { '=' .. changed }
`,
)
