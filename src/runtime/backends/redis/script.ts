import { encodeHex } from '../../../primitives/hex.ts'
import { encodeUtf8 } from '../../../primitives/utf8.ts'
import { JOB_LIMITS } from '../../ports/job-store/job-limits.ts'

/** A Lua script with the name under which Redis keeps it. */
export interface RedisScript {
  readonly source: string
  /** @returns The SHA-1 of the source in hexadecimal, computed once */
  sha1(): Promise<string>
}

/**
 * Bytes of payload after which a script ends its reply early, so that neither Redis nor a client
 * chokes on one reply.
 */
export const REPLY_BYTES: number = JOB_LIMITS.replyBytes

/** Marks Lua source for readers and editors; backslashes stay as they stand. */
export const lua: (parts: TemplateStringsArray, ...values: readonly unknown[]) => string =
  String.raw

/** First word of the refusal of a server that evicts keys. */
export const EVICTING_REPLY = 'KEYSEVICTED'

/**
 * What is added to the clock for each server that has taken over, in µs: more than the clocks of
 * two servers may differ by.
 */
const EPOCH_MICROS = 3_600_000_000

/**
 * `epochOf(text)`: how many servers have taken over that carried the numbers minted here on, and
 * the text to keep of that, `COUNT REPLICATION_ID`. A server that was promoted has another id than
 * the one before it, and its clock may be behind numbers that it never heard of.
 */
export const EPOCH_LUA: string = lua`
local EPOCH_MICROS = ${EPOCH_MICROS}
local function epochOf(text)
  local epoch, known = string.match(text or '', '^(%d+) (%x+)$')
  epoch = tonumber(epoch or 0)
  local facts = redis.pcall('INFO', 'replication')
  if type(facts) ~= 'string' or (known and string.find(facts, 'master_replid:' .. known, 1, true)) then return epoch, text end
  local server = string.match(facts, 'master_replid:(%x+)')
  if not server then return epoch, text end
  -- One that was promoted knows the id before, and what is new here may have been there. An id also changes without that.
  if string.find(facts, 'master_replid2:0*[1-9a-f]') then epoch = epoch + 1 end
  return epoch, epoch .. ' ' .. server
end
`

/**
 * The first lines of every script: `now` (`nowText`) in ms and `nowMicros` of the server's clock,
 * and `digits`, since Lua's own conversion keeps 14 digits of a number. `ARGV[1]` is by how many ms
 * the clock is moved (which only tests use) and, where a script wakes, the channel and who wakes,
 * after a space each. A `!` before all of it asks to refuse a server that evicts keys.
 */
const CLOCK_LUA: string = lua`
local time = redis.call('TIME')
local check, offset, channel, origin = string.match(ARGV[1], '^(!?)(%S+) ?(%S*) ?(%S*)$')
if check == '!' then
  local facts = redis.pcall('INFO', 'memory')
  local policy = type(facts) == 'string' and string.match(facts, 'maxmemory_policy:(%S+)')
  if policy and policy ~= 'noeviction' and tonumber(string.match(facts, 'maxmemory:(%d+)') or 0) > 0 then
    return redis.error_reply('${EVICTING_REPLY} maxmemory-policy is ' .. policy .. ', noeviction expected')
  end
end
offset = tonumber(offset)
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000) + offset
local nowMicros = tonumber(time[1]) * 1000000 + tonumber(time[2]) + offset * 1000
-- In two halves, as whole numbers are written: several times as fast as '%.0f'.
local function digits(number)
  if number < 10000000 then return string.format('%.0f', number) end
  local high = math.floor(number / 10000000)
  local low = number - high * 10000000
  if low < 0 then
    high = high - 1
    low = low + 10000000
  end
  return string.format('%d%07d', high, low)
end
local nowText = digits(now)
`

/** @param head The script's first lines. Default: the clock */
export function createScript(body: string, head: string = CLOCK_LUA): RedisScript {
  const source = head + body
  // The text is kept, not the promise: on Workers a promise of one request must not be awaited in
  // another.
  let known: string | undefined
  return {
    source,
    async sha1() {
      known ??= encodeHex(new Uint8Array(await crypto.subtle.digest('SHA-1', encodeUtf8(source))))
      return known
    },
  }
}
