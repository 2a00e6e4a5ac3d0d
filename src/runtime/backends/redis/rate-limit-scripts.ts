import { ALGORITHMS_LUA } from './rate-limit-algorithms.ts'
import { createScript, lua, type RedisScript } from './script.ts'

const HEAD_LUA = lua`
local mode, operation, remember = ARGV[2], ARGV[3], tonumber(ARGV[4])
local record = operation ~= '' and KEYS[#KEYS]
local recordLeft = record and redis.call('PTTL', record) or -2
local isNew = recordLeft < 0
if isNew then recordLeft = remember end
`

/**
 * `KEYS`: a key a limit, and the operation's. ARGV: offset, `consume` or `look`, operation, ms for
 * which it is remembered, then each limit: letter, field in the operation's hash, cost, number of
 * parameters, parameters → `=now`, `=yes`, `=no` or `=outside` with the hash's lifetime, then of
 * each limit what was found and its receipt.
 */
export const consumeScript: RedisScript = createScript(
  HEAD_LUA +
    ALGORITHMS_LUA +
    lua`
local reply, admitted = { '=' .. nowText, '=outside ' .. recordLeft }, true
for index, limit in ipairs(limits) do
  if not limit.s then return reply end
  local paid = record and call('HGET', record, limit.field)
  limit.paid = paid
  admitted = admitted and (paid or limit.kind.admits(limit.p, limit.s, limit.cost))
  reply[index * 2 + 1] = '=' .. limit.text
  reply[index * 2 + 2] = '=' .. (paid or '')
end
reply[2] = (admitted and '=yes ' or '=no ') .. recordLeft
local taken = {}
for index, limit in ipairs(limits) do
  local charges = admitted and mode == 'consume' and limit.cost > 0 and not limit.paid
  if charges then limit.kind.charge(limit.p, limit.s, limit.cost) end
  if charges or limit.stale then put(KEYS[index], limit.letter, limit.p, limit.s) end
  if charges and record and not limit.kind.holds then
    local receipt = stamped(limit.kind.receipt(limit.p, limit.s, limit.cost))
    taken[#taken + 1] = limit.field
    taken[#taken + 1] = digits(limit.cost) .. ' ' .. joined(receipt)
  end
end
if #taken > 0 then
  call('HSET', record, unpack(taken))
  if isNew then call('PEXPIRE', record, ARGV[4]) end
end
return reply
`,
)

/**
 * The same for what an operation is to have cost in the end → `=now`, `=yes`, `=no` or `=outside`,
 * the same.
 */
export const settleScript: RedisScript = createScript(
  HEAD_LUA +
    ALGORITHMS_LUA +
    lua`
local reply, known = { '=' .. nowText, '=outside ' .. recordLeft }, false
for index, limit in ipairs(limits) do
  if not limit.s then return reply end
  local text = call('HGET', record, limit.field)
  reply[index * 2 + 1] = '=' .. limit.text
  reply[index * 2 + 2] = '=' .. (text or '')
  local holds = limit.kind.holds and limit.kind.holds(limit.s)
  if holds or text then
    known = true
    local receipt = text and list(text) or { 0 }
    local cost = table.remove(receipt, 1)
    local now, sum = limit.kind.settle(limit.p, limit.s, limit.cost, receipt, cost)
    put(KEYS[index], limit.letter, limit.p, limit.s)
    if text and limit.cost > 0 then
      call('HSET', record, limit.field, digits(sum or limit.cost) .. ' ' .. joined(stamped(now)))
    elseif text then
      call('HDEL', record, limit.field)
    end
  end
end
reply[2] = (known and '=yes ' or '=no ') .. recordLeft
return reply
`,
)

/**
 * One GCRA limit whose interval is whole ms, in two commands: `KEYS[1]` holds the ms until full,
 * and lives as long. ARGV: cost and capacity in ms → the ms until full before it where it passes,
 * `-1 -` that many where it does not, or nothing when the key holds more than a number.
 *
 * What is found there is only looked at to see whether the clock has stepped back: then more is
 * left of its life than it had.
 */
export const gcraScript: RedisScript = createScript(
  lua`
local call, key = redis.call, KEYS[1]
local left = call('PTTL', key)
if left < 0 then
  call('SET', key, ARGV[1], 'PX', ARGV[1])
  return 0
end
local capacity, after = tonumber(ARGV[2]), left + ARGV[1]
if after <= capacity then
  after = string.format('%.0f', after)
  local found = call('SET', key, after, 'PX', after, 'GET')
  local before = tonumber(found)
  if before and before >= left then return left end
  call('SET', key, found, 'PX', left)
  if not before then return false end
end
local lives = left
local before = tonumber(call('GET', key))
if not before then return false end
if before < left then left = before end
local stale = before < lives or left > capacity
left = math.min(left, capacity)
after = left + ARGV[1]
if after <= capacity then
  local text = string.format('%.0f', after)
  call('SET', key, text, 'PX', text)
  return left
end
if stale then
  local text = string.format('%.0f', left)
  call('SET', key, text, 'PX', text)
end
return -1 - left
`,
  '',
)
