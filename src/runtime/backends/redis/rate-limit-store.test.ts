import { beforeEach, expect, test } from 'vitest'
import { useRedis } from '../../../../test/support/use-redis.ts'
import type { RateLimit } from '../../ports/rate-limit-store/rate-limit-store.ts'
import { redis, type RedisBackend } from './redis.ts'
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

/** Calls of each command since it was asked last. */
async function commands(): Promise<Readonly<Record<string, number>>> {
  const stats = String(await used.admin.send(['INFO', 'commandstats']))
  await used.admin.send(['CONFIG', 'RESETSTAT'])
  const calls = [...stats.matchAll(/cmdstat_(\w+):calls=(\d+)/g)].map(
    ([, name = '', count]) => [name, Number(count)] as const,
  )
  const own = new Set(['info', 'config|resetstat'])
  return Object.fromEntries(calls.filter(([name]) => !own.has(name) && name !== 'config'))
}

test('consume() of one plain GCRA limit is two commands, and two reads when it denies', async () => {
  const { rateLimits } = open()
  const limit: RateLimit = { ...hourly, windowMs: 36_000_000 }
  await rateLimits.consume('s', [limit])
  await commands()
  replies = []
  await rateLimits.consume('s', [{ ...limit, cost: 9 }])
  expect(await commands()).toEqual({ evalsha: 1, pttl: 1, set: 1 })
  expect((await rateLimits.consume('s', [limit]))[0]?.allowed).toBe(false)
  expect(await commands()).toEqual({ evalsha: 1, pttl: 1, get: 1 })
  expect(replies).toHaveLength(2)
})

test('consume() of any limits is one round trip, and writes nothing when it denies or looks', async () => {
  const { rateLimits } = open()
  const limits: readonly RateLimit[] = [
    { ...hourly, name: 'fraction', limit: 7, cost: 7 },
    { ...hourly, name: 'fixed', algorithm: 'fixed-window', subject: 'others' },
    { ...hourly, name: 'sliding', algorithm: 'sliding-window' },
    { ...hourly, name: 'log', algorithm: 'sliding-log' },
  ]
  await rateLimits.consume('s', limits)
  await commands()
  replies = []
  expect((await rateLimits.consume('s', limits)).map(({ allowed }) => allowed)).toEqual([
    false,
    true,
    true,
    true,
  ])
  expect(await commands()).toEqual({ evalsha: 1, time: 1, get: 4, pttl: 1 })
  await rateLimits.consume('s', limits.slice(1), { look: true })
  expect(await commands()).toEqual({ evalsha: 1, time: 1, get: 3 })
  await rateLimits.consume('s', limits.slice(1))
  expect(await commands()).toEqual({ evalsha: 1, time: 1, get: 3, set: 3 })
  expect(replies).toHaveLength(3)
})

test('a GCRA key takes at most 136 bytes, any other of small state 152', async () => {
  const { rateLimits } = open()
  const address = 'ip:2001:db8:85a3:8d3::/64'
  const bytes: Record<string, number> = {}
  for (const limit of [
    hourly,
    { ...hourly, limit: 7, name: 'fraction' },
    { ...hourly, algorithm: 'fixed-window', name: 'fixed' },
    { ...hourly, algorithm: 'sliding-window', name: 'sliding' },
  ] as const) {
    await rateLimits.consume(address, [limit])
    const key = `reuse:{limit:${address}}:${limit.name}`
    bytes[limit.name] = Number(await used.admin.send(['MEMORY', 'USAGE', key]))
  }
  expect(bytes['hourly']).toBeLessThanOrEqual(136)
  expect(bytes['fraction']).toBeLessThanOrEqual(152)
  expect(bytes['fixed']).toBeLessThanOrEqual(152)
  expect(bytes['sliding']).toBeLessThanOrEqual(168)
})

test('every key has a lifetime, which ends when it says nothing any more', async () => {
  const { rateLimits } = open()
  const ttl = async (name: string): Promise<number> =>
    Number(await used.admin.send(['PTTL', `${KEY}:${name}`]))
  const limits: readonly RateLimit[] = [
    hourly,
    { ...hourly, name: 'fraction', limit: 7 },
    { ...hourly, name: 'fixed', algorithm: 'fixed-window' },
    { ...hourly, name: 'sliding', algorithm: 'sliding-window' },
    { ...hourly, name: 'log', algorithm: 'sliding-log' },
    { name: 'slots', algorithm: 'concurrency', limit: 3, leaseMs: 60_000 },
    {
      ...{ name: 'ban', algorithm: 'ban', limit: 1, windowMs: 1000, cost: 1 },
      ...{ banMs: 60_000, maxBanMs: 60_000, forgetMs: 60_000 },
    },
  ]
  await rateLimits.consume('s', limits, { operation: 'op' })
  const most = [360_000, 514_286, 3_600_000, 7_200_000, 3_600_000, 60_000, 120_000]
  for (const [index, { name }] of limits.entries()) {
    expect(await ttl(name)).toBeGreaterThan(0)
    expect(await ttl(name)).toBeLessThanOrEqual(most[index] ?? 0)
  }
  expect(Number(await used.admin.send(['PTTL', `${KEY}!op`]))).toBeGreaterThan(3_590_000)
  await rateLimits.reset('s', limits)
  expect(await used.admin.send(['KEYS', '*'])).toEqual([`${KEY}!op`])
})

test('settle() with nothing left to take leaves no key behind', async () => {
  const { rateLimits } = open()
  for (const algorithm of ['gcra', 'fixed-window', 'sliding-window', 'sliding-log'] as const) {
    const limit = { ...hourly, algorithm }
    await rateLimits.consume('s', [limit], { operation: 'op' })
    await rateLimits.settle('s', [{ ...limit, cost: 0 }], 'op')
    expect(await used.admin.send(['DBSIZE'])).toBe(0)
  }
})

test('limits of subjects in other slots of a cluster are decided all the same, all or nothing', async () => {
  let scripts = 0
  const cluster = {
    async call(command: string, ...args: string[]) {
      scripts++
      const keys = args.slice(2, 2 + Number(args[1]))
      const tags = new Set(keys.map((key) => /\{(.*)\}/.exec(key)?.[1]))
      if (tags.size > 1) throw new Error("CROSSSLOT Keys in request don't hash to the same slot")
      return used.connection.call(command, ...args)
    },
  }
  const { rateLimits } = redis(cluster)
  const limits: readonly RateLimit[] = [hourly, { ...hourly, name: 'all', subject: 'a', limit: 2 }]
  const admitted: boolean[] = []
  for (const subject of ['s', 't', 'u'])
    admitted.push((await rateLimits.consume(subject, limits)).every(({ allowed }) => allowed))
  expect(admitted).toEqual([true, true, false])
  const [own] = await rateLimits.consume('u', [{ ...hourly, cost: 0 }])
  expect(own?.remaining).toBe(10)
  expect(scripts).toBeLessThan(20)
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
