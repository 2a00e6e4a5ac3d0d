import { encodeHex } from '../../../primitives/hex.ts'
import { encodeUtf8 } from '../../../primitives/utf8.ts'

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
export const REPLY_BYTES = 8_388_608

/** Marks Lua source for readers and editors; backslashes stay as they stand. */
export const lua: (parts: TemplateStringsArray, ...values: readonly unknown[]) => string =
  String.raw

/**
 * The first lines of every script: `now` (`nowText`) in ms and `nowMicros` of the server's clock,
 * and `digits`, since Lua's own conversion keeps 14 digits of a number. `ARGV[1]` is by how many ms
 * the clock is moved (which only tests use) and, where a script wakes, the channel and who wakes,
 * after a space each.
 */
const CLOCK_LUA: string = lua`
local time = redis.call('TIME')
local offset, channel, origin = string.match(ARGV[1], '^(%S+) ?(%S*) ?(%S*)$')
offset = tonumber(offset)
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000) + offset
local nowMicros = tonumber(time[1]) * 1000000 + tonumber(time[2]) + offset * 1000
local function digits(number) return string.format('%.0f', number) end
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
