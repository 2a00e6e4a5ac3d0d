import { Redis } from 'ioredis'
import { expect, test } from 'vitest'
import {
  queuesConsumer,
  queuesWaker,
  type MessageBatchLike,
} from '../../src/runtime/engines/cloudflare-queues/index.ts'
import type { Backend } from '../../src/runtime/ports/backend.ts'
import { clockOffset } from '../../src/runtime/backends/redis/clock-offset.ts'
import { redis } from '../../src/runtime/backends/redis/index.ts'
import { defineJob, JobQueue } from '../../src/services/background-jobs/index.ts'
import { createFakeClock } from '../../src/testing/index.ts'
import { createInFlight } from '../support/in-flight.ts'
import { createLocalQueue, type LocalQueue } from '../support/local-queue.ts'
import { useRedis } from '../support/use-redis.ts'

const MINUTE_MS = 60_000
/** What the tests themselves send, to count. */
const OURS = ['config|resetstat', 'info']

const used = useRedis()

/** Every command that the server carried out meanwhile, those within scripts among them, and how often. */
async function commandsOf(act: () => Promise<unknown>): Promise<Readonly<Record<string, number>>> {
  await used.admin.send(['CONFIG', 'RESETSTAT'])
  await act()
  const stats = String(await used.admin.send(['INFO', 'commandstats']))
  const counts = [...stats.matchAll(/^cmdstat_([^:]+):calls=(\d+)/gm)]
  return Object.fromEntries(
    counts
      .filter(([, name = '']) => !OURS.includes(name))
      .map(([, name, calls]) => [name, Number(calls)]),
  )
}

/** What clients send: scripts, whatever these do inside. */
function sentOf({ eval: sources = 0, evalsha = 0 }: Readonly<Record<string, number>>): number {
  return sources + evalsha
}

/** A queue woken by Cloudflare Queues, as on Workers: nothing runs between two pushes. */
function createPushedQueue() {
  const ran: string[] = []
  const wakes: LocalQueue = createLocalQueue({ consume: (batch) => consume(batch) })
  const { clock } = wakes
  const start = clock.now()
  const backend: Backend = {
    ...redis(used.connection, { [clockOffset]: () => clock.now() - start }),
    waker: queuesWaker({ queue: wakes, clock }),
  }
  const queue = new JobQueue({
    name: 'pushed',
    backend,
    jobs: { send: defineJob({ run: ({ data }) => void ran.push(String(data)) }) },
    clock,
  })
  const consume: (batch: MessageBatchLike) => Promise<void> = queuesConsumer({
    backend,
    workers: [queue],
    clock,
  })
  return { queue, wakes, ran }
}

test('a queue with a push waker sends Redis nothing, when a minute is idle', async () => {
  const { queue, wakes, ran } = createPushedQueue()
  await queue.add('send', 'now')
  await queue.add('send', 'later', { delay: 3 * MINUTE_MS })
  await wakes.advance(MINUTE_MS)
  expect(ran).toEqual(['now'])

  expect(await commandsOf(() => wakes.advance(MINUTE_MS))).toEqual({})

  const commands = await commandsOf(() => wakes.advance(MINUTE_MS + 5000))
  expect(ran).toEqual(['now', 'later'])
  expect(sentOf(commands)).toBeGreaterThan(0)
})

test.for([
  ['at once', async () => {}],
  // Each after a round trip of its own, so that the worker hears of one job at a time.
  ['one by one', createTurns()],
] as const)('a job costs at most 1.2 commands, when 100 end %s', async ([, run]) => {
  const queue = new JobQueue({
    name: 'bulk',
    backend: redis(used.connection),
    jobs: { send: defineJob({ run }) },
  })
  const jobs = Array.from({ length: 100 }, () => ({ name: 'send' as const, data: 1 }))
  // Once before, so that the server knows the scripts.
  await queue.addBulk(jobs.slice(0, 1))
  await queue.drain()

  const commands = await commandsOf(async () => {
    await queue.addBulk(jobs)
    expect(await queue.drain({ concurrency: 50 })).toBe(jobs.length)
  })
  expect(sentOf(commands)).toBeLessThanOrEqual(1.2 * jobs.length)
})

/** A worker for which a minute passes when the test says so. */
async function work(subscriber: Redis | undefined) {
  const flight = createInFlight()
  const clock = createFakeClock(Date.UTC(2026, 0, 1), flight.quiet)
  const start = clock.now()
  const ran: unknown[] = []
  const queue = new JobQueue({
    name: 'worked',
    backend: flight.watch(
      redis(used.connection, {
        clock,
        [clockOffset]: () => clock.now() - start,
        ...(subscriber && { subscriber }),
      }),
    ),
    jobs: { send: defineJob({ run: ({ data }) => void ran.push(data) }) },
    clock,
  })
  const stop = new AbortController()
  const running = queue.run({ signal: stop.signal })
  // Once before, so that the server knows the scripts and the subscription stands.
  await queue.add('send', 0)
  await expect.poll(() => ran).toEqual([0])
  await clock.advance(MINUTE_MS)
  return {
    idle: () => commandsOf(() => clock.advance(MINUTE_MS)),
    async addAndWork() {
      const commands = await commandsOf(async () => {
        await queue.add('send', 1)
        await clock.advance(0)
      })
      expect(ran).toEqual([0, 1])
      return commands
    },
    async end() {
      stop.abort()
      await clock.advance(0)
      await running
    },
  }
}

test.for([['without'], ['with']] as const)(
  'a worker %s a subscriber sends 24 commands an idle minute, and 3 for a job of its own process',
  async ([which]) => {
    const subscriber = which === 'with' ? new Redis(used.server.url) : undefined
    const { idle, addAndWork, end } = await work(subscriber)
    try {
      expect(sentOf(await idle())).toBe(24)
      const commands = await addAndWork()
      expect(sentOf(commands)).toBe(3)
      expect(commands['publish']).toBe(1)
      expect(commands['subscribe']).toBeUndefined()
    } finally {
      await end()
      subscriber?.disconnect()
    }
  },
)

function createTurns(): () => Promise<void> {
  let last: Promise<unknown> = Promise.resolve()
  return async () => {
    last = last.then(() => used.admin.send(['PING']))
    await last
  }
}
