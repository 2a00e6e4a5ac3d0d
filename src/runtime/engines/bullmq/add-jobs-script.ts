/**
 * The queue's own keys in the order in which {@link ADD_JOBS_LUA} gets them, by their last part.
 */
export const QUEUE_KEYS: readonly string[] = [
  'meta',
  'id',
  'wait',
  'active',
  'prioritized',
  'pc',
  'delayed',
  'marker',
  'events',
]

/**
 * Adds jobs to the keys of one BullMQ 6 queue, all or none.
 *
 * `KEYS`: {@link QUEUE_KEYS}, then the hash of each job whose id was chosen. The hash of a job that
 * gets its id here can not be declared: its name is known only after counting.
 *
 * `ARGV`: what the name of a job's hash starts with, what a known version starts with, then for
 * each job its id (empty: counted), name, data, options, delay in ms, priority, and `1` for ahead
 * of the others.
 *
 * Answers `added` and for each job `+ID`, or `=ID` when the queue already had it; or `version` and
 * `=VERSION` when nothing was written.
 */
export const ADD_JOBS_LUA: string = String.raw`
local meta, counter, wait, active, prioritized, prioritizedCount, delayed, marker, events = unpack(KEYS, 1, 9)
local base, known = ARGV[1], ARGV[2]

local function digits(number) return string.format('%.0f', number) end

local queue = redis.call('HMGET', meta, 'version', 'opts.maxLenEvents', 'paused', 'concurrency')
if queue[1] and string.sub(queue[1], 1, #known) ~= known then return { 'version', '=' .. queue[1] } end
local kept = queue[2]
if not kept then
  kept = '10000'
  redis.call('HSET', meta, 'opts.maxLenEvents', kept)
end
local idle = queue[3] or (queue[4] and redis.call('LLEN', active) >= tonumber(queue[4]))

local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)

local function emit(...) redis.call('XADD', events, 'MAXLEN', '~', kept, '*', 'event', ...) end

-- Workers sleep on the marker. A queue that hands out nothing now must not wake them.
local function wakeWorkers()
  if not idle then redis.call('ZADD', marker, '0', '0') end
end

-- The 12 low bits of a score keep jobs of the same ms in order.
local function addDelayed(id, due)
  local first, last = due * 4096, due * 4096 + 4095
  local before = redis.call('ZREVRANGEBYSCORE', delayed, digits(last), digits(first), 'WITHSCORES', 'LIMIT', 0, 1)
  local score = before[2] and math.min(tonumber(before[2]) + 1, last) or first
  redis.call('ZADD', delayed, digits(score), id)
  emit('delayed', 'jobId', id, 'delay', digits(due))
  local soonest = redis.call('ZRANGE', delayed, 0, 0, 'WITHSCORES')[2]
  redis.call('ZADD', marker, string.format('%.17g', tonumber(soonest) / 4096), '1')
end

local function addPrioritized(id, priority)
  local turn = redis.call('INCR', prioritizedCount) % 4294967296
  redis.call('ZADD', prioritized, digits(priority * 4294967296 + turn), id)
  wakeWorkers()
  emit('waiting', 'jobId', id)
end

local function addWaiting(id, ahead)
  redis.call(ahead and 'RPUSH' or 'LPUSH', wait, id)
  wakeWorkers()
  emit('waiting', 'jobId', id)
end

local answer = { 'added' }
local nextKey = 10
for at = 3, #ARGV, 7 do
  local id, name, data, options, delay, priority, ahead = unpack(ARGV, at, at + 6)
  local count = redis.call('INCR', counter)
  local job
  if id == '' then
    id = digits(count)
    job = base .. id
  else
    job = KEYS[nextKey]
    nextKey = nextKey + 1
  end
  if ARGV[at] ~= '' and redis.call('EXISTS', job) == 1 then
    emit('duplicated', 'jobId', id)
    answer[#answer + 1] = '=' .. id
  else
    redis.call('HSET', job, 'name', name, 'data', data, 'opts', options, 'timestamp', digits(now), 'delay', delay, 'priority', priority)
    emit('added', 'jobId', id, 'name', name)
    if tonumber(delay) > 0 then addDelayed(id, now + tonumber(delay))
    elseif tonumber(priority) > 0 then addPrioritized(id, tonumber(priority))
    else addWaiting(id, ahead == '1') end
    answer[#answer + 1] = '+' .. id
  end
end
return answer
`
