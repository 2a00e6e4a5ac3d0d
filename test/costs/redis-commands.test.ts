import { Redis } from 'ioredis'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import {
  queuesConsumer,
  queuesDoorbell,
  type MessageBatchLike,
} from '../../src/runtime/cloudflare-queues/index.ts'
import type { Backend } from '../../src/runtime/ports/backend.ts'
import { clockOffset } from '../../src/runtime/redis/clock-offset.ts'
import { redis } from '../../src/runtime/redis/index.ts'
import { defineJob, JobQueue } from '../../src/services/background-jobs/index.ts'
import { createLocalQueue, type LocalQueue } from '../support/local-queue.ts'
import { startRedisServer, type RedisServer } from '../support/redis-server.ts'
import { connectResp, type RespClient } from '../support/resp-client.ts'

const MINUTE_MS = 60_000
/** What the tests themselves send, to count. */
const OURS = ['config|resetstat', 'info']

let server: RedisServer
let connection: Redis
let admin: RespClient

beforeAll(async () => {
  server = await startRedisServer()
  connection = new Redis(server.url)
  admin = await connectResp(server.port)
})

afterAll(async () => {
  connection.disconnect()
  admin.close()
  await server.stop()
})

beforeEach(async () => {
  await admin.send(['FLUSHALL'])
})

/** Every command that the server carried out meanwhile, those within scripts among them, and how often. */
async function commandsOf(act: () => Promise<unknown>): Promise<Readonly<Record<string, number>>> {
  await admin.send(['CONFIG', 'RESETSTAT'])
  await act()
  const stats = String(await admin.send(['INFO', 'commandstats']))
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
  const rings: LocalQueue = createLocalQueue({ consume: (batch) => consume(batch) })
  const { clock } = rings
  const start = clock.now()
  const backend: Backend = {
    ...redis(connection, { [clockOffset]: () => clock.now() - start }),
    doorbell: queuesDoorbell({ queue: rings, clock }),
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
  return { queue, rings, ran }
}

test('a queue with a push doorbell sends Redis nothing, when a minute is idle', async () => {
  const { queue, rings, ran } = createPushedQueue()
  await queue.add('send', 'now')
  await queue.add('send', 'later', { delay: 3 * MINUTE_MS })
  await rings.advance(MINUTE_MS)
  expect(ran).toEqual(['now'])

  expect(await commandsOf(() => rings.advance(MINUTE_MS))).toEqual({})

  const commands = await commandsOf(() => rings.advance(MINUTE_MS + 5000))
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
    backend: redis(connection),
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

function createTurns(): () => Promise<void> {
  let last: Promise<unknown> = Promise.resolve()
  return async () => {
    last = last.then(() => admin.send(['PING']))
    await last
  }
}
