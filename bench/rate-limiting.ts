import { Ratelimit } from '@upstash/ratelimit'
import { GcraLimiter } from '@white-cross/reuse/infrastructure/rate-limiting'
import { memory } from '@white-cross/reuse/infrastructure/runtime/memory'
import { redisRateLimits } from '@white-cross/reuse/infrastructure/runtime/redis'
import { Redis } from 'ioredis'
import { RateLimiterMemory, RateLimiterRedis } from 'rate-limiter-flexible'
import { rateOf, type Comparisons, type Contender } from './compare.ts'
import { startRedis } from './redis-server.ts'

const DECISIONS = 5000
const KEYS = 1000
const LIMIT = 1_000_000
const IN_TURN = 200_000
const keys = Array.from({ length: KEYS }, (_, index) => `user:${index}`)

export async function setUp(): Promise<Comparisons> {
  const server = await startRedis()
  const client = new Redis(server.port)
  const rateLimits = redisRateLimits(client)
  const asked = [{ algorithm: 'gcra', name: 'n', limit: LIMIT, windowMs: LIMIT * 10 }] as const
  const flexible = new RateLimiterRedis({ storeClient: client, points: LIMIT, duration: 3600 })
  const upstash = new Ratelimit({
    redis: withoutShebang(client) as never,
    limiter: Ratelimit.tokenBucket(100_000, '1 m', LIMIT),
    ephemeralCache: false,
  })
  const ours = serverTime(client, 'reuse, GCRA', (key) => rateLimits.consume(key, asked))
  const limiter = new GcraLimiter({ backend: memory(), limit: LIMIT, window: '1h' })
  const inMemory = new RateLimiterMemory({ points: LIMIT, duration: 3600 })
  const setting = `${DECISIONS} decisions of ${KEYS} keys, all admitted; µs of redis-server in EVALSHA a decision`
  return {
    comparisons: [
      {
        ...{ title: 'Redis: against the token bucket of @upstash/ratelimit 2.2.0', setting },
        contenders: [ours, serverTime(client, '@upstash/ratelimit', (key) => upstash.limit(key))],
        ...{ target: 0.8, unit: 'µs', better: 'less', rounds: 9 },
      },
      {
        ...{ title: 'Redis: against rate-limiter-flexible 11.4.0', setting },
        contenders: [
          ours,
          serverTime(client, 'rate-limiter-flexible', (key) => flexible.consume(key)),
        ],
        ...{ target: 1, unit: 'µs', better: 'less', rounds: 9 },
      },
      {
        title: 'Memory: against rate-limiter-flexible 11.4.0',
        setting: `200,000 decisions of ${KEYS} keys, one after the other, all admitted; checkSync() answers without a promise`,
        contenders: [
          {
            name: 'reuse, GcraLimiter.checkSync() on memory()',
            round: () =>
              rateOf(IN_TURN, async () => {
                for (let index = 0; index < IN_TURN; index++)
                  limiter.checkSync(keys[index % KEYS] ?? '')
              }),
          },
          inTurn('rate-limiter-flexible, RateLimiterMemory', (key) => inMemory.consume(key)),
        ],
        ...{ target: 2, rounds: 9 },
      },
      {
        title: 'Memory, awaited: against rate-limiter-flexible 11.4.0',
        setting: `200,000 decisions of ${KEYS} keys, each awaited before the next, all admitted`,
        contenders: [
          inTurn('reuse, GcraLimiter.check() on memory()', (key) => limiter.check(key)),
          inTurn('rate-limiter-flexible, RateLimiterMemory', (key) => inMemory.consume(key)),
        ],
        ...{ target: 2, rounds: 9 },
      },
    ],
    async tearDown() {
      client.disconnect()
      await server.stop()
    },
  }
}

function serverTime(
  client: Redis,
  name: string,
  decide: (key: string) => Promise<unknown>,
): Contender {
  return {
    name,
    async round() {
      await client.flushall()
      await decide('warm')
      await client.call('CONFIG', 'RESETSTAT')
      for (let done = 0; done < DECISIONS; done += 500)
        await Promise.all(
          Array.from({ length: 500 }, (_, index) => decide(`user:${(done + index) % KEYS}`)),
        )
      const stats = /cmdstat_evalsha:calls=(\d+),usec=(\d+)/.exec(await client.info('commandstats'))
      return Number(stats?.[2]) / Number(stats?.[1])
    },
  }
}

function inTurn(name: string, decide: (key: string) => Promise<unknown>): Contender {
  return {
    name,
    round: () =>
      rateOf(IN_TURN, async () => {
        for (let index = 0; index < IN_TURN; index++) await decide(keys[index % KEYS] ?? '')
      }),
  }
}

/** A plain Redis 7 refuses the flag in the first line of Upstash's scripts. */
function withoutShebang(client: Redis): object {
  const known = new Map<string, string>()
  return {
    async evalsha(hash: string, keys: string[], args: unknown[]) {
      const own = known.get(hash)
      if (own === undefined) throw new Error('NOSCRIPT No matching script')
      return client.evalsha(own, keys.length, ...keys, ...args.map(String))
    },
    async eval(script: string, keys: string[], args: unknown[]) {
      const digest = await crypto.subtle.digest('SHA-1', new TextEncoder().encode(script))
      const source = script.replace(/^#!.*\n/, '')
      const sha = String(await client.script('LOAD', source))
      known.set(Buffer.from(digest).toString('hex'), sha)
      return client.evalsha(sha, keys.length, ...keys, ...args.map(String))
    },
  }
}
