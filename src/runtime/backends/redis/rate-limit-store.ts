import { decideGcra } from '../../../primitives/gcra.ts'
import { checkRateLimits } from '../../ports/rate-limit-store/rate-limit-limits.ts'
import type { RateLimitStore } from '../../ports/rate-limit-store/rate-limit-store.ts'
import type { RedisClient } from './client.ts'
import type { KeysOf } from './keys.ts'
import { createScript, lua } from './script.ts'

/**
 * `KEYS[1]` maps each limit's name to its arrival time; 17 digits keep a double to the bit.
 *
 * ARGV: offset, then name, limit, window in ms, burst and cost of each limit → `=now`, then `=arrival` as found or `=` of each.
 */
const consumeScript = createScript(lua`
local names = {}
for at = 2, #ARGV, 5 do names[#names + 1] = ARGV[at] end
local found = redis.call('HMGET', KEYS[1], unpack(names))
local reply, writes, latest = { '=' .. nowText }, {}, now
local allowed = true
for index = 1, #names do
  local at = index * 5 - 3
  local interval = tonumber(ARGV[at + 2]) / tonumber(ARGV[at + 1])
  local tolerance = interval * tonumber(ARGV[at + 3])
  local cost = tonumber(ARGV[at + 4])
  local after = math.max(tonumber(found[index] or 0), now) + interval * cost
  if after - now > tolerance then allowed = false end
  if cost > 0 then
    writes[#writes + 1] = names[index]
    writes[#writes + 1] = string.format('%.17g', after)
    latest = math.max(latest, after)
  end
  reply[index + 1] = '=' .. (found[index] or '')
end
if allowed and #writes > 0 then
  redis.call('HSET', KEYS[1], unpack(writes))
  local rest = math.max(math.ceil(latest - now), 1)
  -- Another limit of this subject may need the key for longer.
  if redis.call('PTTL', KEYS[1]) < rest then redis.call('PEXPIRE', KEYS[1], digits(rest)) end
end
return reply
`)

const resetScript = createScript(lua`
redis.call('DEL', KEYS[1])
return {}
`)

/**
 * Creates a {@link RateLimitStore} on Redis: a subject is one hash, which expires once none of its limits is in use.
 *
 * @param offset Moves the server's clock, in ms
 */
export function createRedisRateLimitStore(
  client: RedisClient,
  keysOf: KeysOf,
  offset: () => number,
): RateLimitStore {
  return {
    async consume(subject, limits) {
      const checked = checkRateLimits(subject, limits)
      const [clock = '', ...arrivals] = await client.run(
        consumeScript,
        keysOf('limit', subject, []),
        [
          String(offset()),
          ...checked.flatMap(({ name, limit, windowMs, burst, cost }) => [
            name,
            String(limit),
            String(windowMs),
            String(burst),
            String(cost),
          ]),
        ],
      )
      const now = Number(clock.slice(1))
      // The script has charged by the same arithmetic; what it found is enough to say what it decided.
      const decide = (charge: boolean) =>
        checked.map((limit, index) => {
          const arrival = (arrivals[index] ?? '').slice(1)
          const arrivalAt = arrival === '' ? null : Number(arrival)
          return decideGcra(limit, arrivalAt, charge ? limit.cost : 0, now)
        })
      const wanted = decide(true)
      const left = wanted.every(({ allowed }) => allowed) ? wanted : decide(false)
      return wanted.map(({ allowed, retryAfterMs }, index) => ({
        name: checked[index]?.name ?? '',
        allowed,
        remaining: left[index]?.remaining ?? 0,
        retryAfterMs,
        resetAfterMs: left[index]?.resetAfterMs ?? 0,
      }))
    },

    async reset(subject) {
      await client.run(resetScript, keysOf('limit', subject, []), [String(offset())])
    },
  }
}
