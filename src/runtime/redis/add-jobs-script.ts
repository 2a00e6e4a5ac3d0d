import { STATE_MACHINE_LUA } from './job-state-machine.ts'
import { createScript, lua, type RedisScript } from './script.ts'

/**
 * ARGV: offset, then of each job id, body, `priority maxAttempts keepCompletedMs keepDeadMs`, priority, `1` for lifo,
 * delay in ms, deduplication id or nothing, its lifetime in ms or 0 → the wake, then of each job `+` or the id that was
 * there before.
 */
export const addJobsScript: RedisScript = createScript(
  STATE_MACHINE_LUA +
    lua`
local ids = {}
for at = 2, #ARGV, 8 do ids[#ids + 1] = ARGV[at] end
load(ids)
local forgotten = false
for _, id in ipairs(ids) do
  local job = known[id]
  if job and isForgotten(job.state, job.seq .. id) then
    forgotten = true
    remove(job, '')
  end
end
if forgotten then flush() end
local bodies, reply = {}, { '' }
for index, id in ipairs(ids) do
  local at = index * 8 - 6
  local dedup, ttl = ARGV[at + 6], tonumber(ARGV[at + 7])
  local holder = known[id] and id
  if not holder and dedup ~= '' then
    holder = redis.call('HGET', DEDUP, dedup)
    local ends = holder and redis.call('ZSCORE', DEDUP_ENDS, dedup)
    if ends and tonumber(ends) <= now then holder = false end
  end
  if holder then
    reply[index + 1] = holder
  else
    local delay = tonumber(ARGV[at + 5])
    local job = {
      id = id, attempt = 0, token = '0', cancelled = false, notes = '-',
      seq = string.format('%016.0f', 4503599627370496 + (ARGV[at + 4] == '1' and -mint() or mint())),
      tail = ARGV[at + 2] .. ' ' .. nowText .. ' ' .. (ttl == 0 and dedup or '')
    }
    if delay > 0 then enter(job, 's', digits(now + delay)) else enter(job, 'r', ARGV[at + 3]) end
    bodies[#bodies + 1] = id
    bodies[#bodies + 1] = ARGV[at + 1]
    if dedup ~= '' then
      redis.call('HSET', DEDUP, dedup, id)
      if ttl > 0 then
        redis.call('ZADD', DEDUP_ENDS, digits(now + ttl), dedup)
      else
        redis.call('ZREM', DEDUP_ENDS, dedup)
      end
    end
    known[id] = job
    reply[index + 1] = '+'
  end
end
flush()
send('HSET', BODIES, bodies)
saveMeta(true)
reply[1] = wakeIn(redis.call('ZCARD', SETS.r) > 0, math.min(headOf('s'), headOf('a')))
return reply
`,
)
