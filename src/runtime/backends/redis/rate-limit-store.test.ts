import { beforeEach, expect, test } from 'vitest'
import { useRedis } from '../../../../test/support/use-redis.ts'
import { createSeededRandom } from '../../../testing/seeded-random.ts'
import { decideGcra } from '../../../primitives/gcra.ts'
import type { RateLimit } from '../../ports/rate-limit-store/rate-limit-store.ts'
import { redis, type RedisBackend } from './backend.ts'
import { clockOffset } from './clock-offset.ts'

const hourly: RateLimit = { algorithm: 'gcra', name: 'hourly', limit: 10, windowMs: 3_600_000 }
const KEY = 'reuse:{limit:s}'

const used = useRedis()
let replies: unknown[] = []
let offset = 0

beforeEach(() => {
  offset = 0
  replies = []
})

function open(): RedisBackend {
  const recording = {
    async call(command: string, ...args: string[]) {
      const reply = await used.connection.call(command, ...args)
      replies.push(reply)
      return reply
    },
  }
  return redis(recording, { [clockOffset]: () => offset })
}

async function writes(): Promise<number> {
  const stats = String(await used.admin.send(['INFO', 'commandstats']))
  return [...stats.matchAll(/cmdstat_(?:hset|pexpire|del):calls=(\d+)/g)].reduce(
    (sum, [, count]) => sum + Number(count),
    0,
  )
}

test('consume() stores to the bit what decideGcra() decides', async () => {
  const random = createSeededRandom(11)
  const { rateLimits } = open()
  const between = (least: number, most: number): number =>
    least + Math.floor(random.fraction() * (most - least + 1))
  for (let round = 0; round < 60; round++) {
    const subject = `s${round}`
    const burst = between(1, 50)
    const limit = { limit: between(1, 997), windowMs: between(1, 100_000_000), burst }
    let expected: number | null = null
    for (let step = 0; step < 12; step++) {
      offset += between(0, Math.ceil((limit.windowMs / limit.limit) * burst))
      const cost = between(0, burst)
      const [decision] = await rateLimits.consume(subject, [
        { algorithm: 'gcra', name: 'n', ...limit, cost },
      ])
      // What the script says: its clock, and the state that it found.
      const [now, found] = (replies.at(-1) as readonly string[]).map((text) => text.slice(1))
      expect(found === '' ? null : Number(found)).toBe(expected)
      const own = decideGcra(limit, expected, cost, Number(now))
      expect(decision).toMatchObject({ allowed: own.allowed, remaining: own.remaining })
      if (own.allowed && cost > 0) expected = own.arrivalAt
    }
  }
})

test('consume() is one round trip, and writes nothing when it denies or only looks', async () => {
  const { rateLimits } = open()
  const whole = { ...hourly, cost: 10 }
  const other = { ...hourly, name: 'other' }
  await rateLimits.consume('s', [whole])
  const before = await writes()
  replies = []
  expect((await rateLimits.consume('s', [hourly]))[0]?.allowed).toBe(false)
  expect((await rateLimits.consume('s', [other, hourly]))[0]?.allowed).toBe(true)
  expect((await rateLimits.consume('s', [{ ...other, cost: 0 }]))[0]?.remaining).toBe(10)
  expect(replies).toHaveLength(3)
  expect(await writes()).toBe(before)
})

test('consume() lets the key go when none of its limits is in use any more', async () => {
  const { rateLimits } = open()
  const ttl = async (): Promise<number> => Number(await used.admin.send(['PTTL', KEY]))
  await rateLimits.consume('s', [{ ...hourly, name: 'short', windowMs: 60_000 }])
  expect(await ttl()).toBeGreaterThan(0)
  expect(await ttl()).toBeLessThanOrEqual(6_000)
  await rateLimits.consume('s', [hourly])
  expect(await ttl()).toBeGreaterThan(300_000)
  await rateLimits.consume('s', [{ ...hourly, name: 'short', windowMs: 60_000 }])
  expect(await ttl()).toBeGreaterThan(300_000)
  await rateLimits.reset('s')
  expect(await used.admin.send(['DBSIZE'])).toBe(0)
})

test('consume() keeps subjects and names of any characters apart', async () => {
  const { rateLimits } = open()
  const once: RateLimit = { ...hourly, limit: 1 }
  const hostile = ['1', 'null', '{s}', 's}', 's:', 's/', '%7B', '{', '😀', '\u0000', ' ']
  for (const subject of hostile)
    for (const name of hostile)
      expect((await rateLimits.consume(subject, [{ ...once, name }]))[0]?.allowed).toBe(true)
  for (const subject of hostile)
    for (const name of hostile)
      expect((await rateLimits.consume(subject, [{ ...once, name }]))[0]?.allowed).toBe(false)
})
