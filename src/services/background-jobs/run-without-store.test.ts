import { expect, test, vi } from 'vitest'
import type { RedisConnection } from '../../runtime/backends/redis/connection.ts'
import { redis } from '../../runtime/backends/redis/index.ts'
import { createFakeClock } from '../../testing/fake-clock.ts'
import { defineJob } from './define-job.ts'
import { JobQueue } from './job-queue.ts'

/** As clients behave whose server is gone: they keep the call for later, or refuse it at once. */
const DOWN = {
  'does not answer': () => new Promise<never>(() => undefined),
  'refuses the connection': () => Promise.reject(new Error('connect ECONNREFUSED 127.0.0.1:6379')),
}
const TIMEOUT_MS = 10_000

/** A queue over a Redis that is down. */
function setUp(call: () => Promise<unknown>, report?: (message: string, cause: unknown) => void) {
  const clock = createFakeClock()
  const connection: RedisConnection = { call }
  const queue = new JobQueue({
    name: 'email',
    backend: redis(connection, { clock, timeout: TIMEOUT_MS }),
    clock,
    jobs: { send: defineJob({ concurrency: { limit: 2 }, run: () => null }) },
    ...(report !== undefined && { report }),
  })
  const stop = new AbortController()
  async function end(working: Promise<void>): Promise<void> {
    stop.abort()
    await clock.advance(60_000)
    await working
  }
  return { clock, queue, signal: stop.signal, end }
}

async function advance(clock: ReturnType<typeof createFakeClock>, ms: number): Promise<void> {
  for (let left = ms; left > 0; left -= 500) await clock.advance(Math.min(left, 500))
}

test.for(Object.entries(DOWN))(
  'run() says within the deadline of one call that Redis %s, and seldom from then on',
  async ([_what, call]) => {
    const said: [string, unknown][] = []
    const { clock, queue, signal, end } = setUp(call, (...line) => void said.push(line))
    const working = queue.run({ signal, grace: 0 })
    await vi.dynamicImportSettled()
    await advance(clock, TIMEOUT_MS)
    expect(said).toHaveLength(1)
    expect(said[0]).toMatchObject([
      'A worker of queue email is in trouble, goes on',
      { code: 'backend_unavailable' },
    ])
    await advance(clock, 45_000)
    expect(said).toHaveLength(1)
    await advance(clock, 240_000)
    expect(said.length).toBeGreaterThan(1)
    expect(said.length).toBeLessThan(6)
    await end(working)
  },
)

test.for(Object.entries(DOWN))(
  'onError hears that Redis %s not at each try, but of each worker once',
  async ([_what, call]) => {
    const errors: unknown[] = []
    const { clock, queue, signal, end } = setUp(call)
    const working = queue.run({ signal, grace: 0, onError: (error) => errors.push(error) })
    await vi.dynamicImportSettled()
    await advance(clock, TIMEOUT_MS)
    expect(errors.length).toBeGreaterThan(0)
    await advance(clock, 15_000)
    // Of the limits, of the jobs and of the schedules.
    expect(errors.length).toBeLessThanOrEqual(3)
    await end(working)
  },
)
