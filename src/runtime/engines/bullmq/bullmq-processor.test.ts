import { FlowProducer, Queue, Worker, type ConnectionOptions, type Job } from 'bullmq'
import { Redis } from 'ioredis'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { startRedisServer, type RedisServer } from '../../../../test/support/redis-server.ts'
import {
  defineJob,
  JobQueue,
  RetryLaterError,
  UnrecoverableError,
} from '../../../services/background-jobs/index.ts'
import { memory } from '../../backends/memory/index.ts'
import type { ClaimedJob } from '../../ports/job-store/job-store.ts'
import type { JobOutcome } from '../../ports/job-store/job-outcome.ts'
import type { JobControl } from '../../ports/job-store/job-processor.ts'
import { bullmqProcessor } from './index.ts'

let server: RedisServer
let connection: ConnectionOptions
let queue: Queue
let worker: Worker | undefined
let names = 0

beforeAll(async () => {
  server = await startRedisServer()
  connection = { host: '127.0.0.1', port: server.port, maxRetriesPerRequest: null }
})

afterAll(() => server.stop())

beforeEach(async () => {
  names++
  queue = new Queue(`queue-${names}`, { connection })
  await queue.waitUntilReady()
})

afterEach(async () => {
  await worker?.close()
  await queue.close()
})

type Process = (job: ClaimedJob, control: JobControl) => Promise<JobOutcome>

/** Starts BullMQ's worker around `process`. */
function work(process: Process): Worker {
  return workWith(bullmqProcessor({ queue: queue.name, process }))
}

function workWith(processor: ReturnType<typeof bullmqProcessor>): Worker {
  worker = new Worker(queue.name, processor, { connection })
  return worker
}

/** Resolves with the job when it has completed or failed for good. */
function finished(of: Worker): Promise<Job> {
  return new Promise((resolve, reject) => {
    of.on('completed', resolve)
    of.on('failed', (job) => {
      if (job?.finishedOn !== undefined) resolve(job)
    })
    of.on('error', reject)
  })
}

async function reload(id: string | undefined): Promise<Job> {
  const job = await queue.getJob(id ?? '')
  if (job === undefined) throw new Error(`Job ${id} is gone`)
  return job
}

test('bullmqProcessor() runs a job queue in a BullMQ worker and keeps the result', async () => {
  const emails = new JobQueue({
    name: queue.name,
    backend: memory(),
    jobs: { send: defineJob({ run: (job) => ({ sent: job.data as string, id: job.id }) }) },
  })
  const ended = finished(workWith(bullmqProcessor(emails)))
  await queue.add('send', 'a@example.com', { jobId: 'welcome' })
  const job = await reload((await ended).id)
  expect(await job.getState()).toBe('completed')
  expect(job.returnvalue).toEqual({ sent: 'a@example.com', id: 'welcome' })
})

test('bullmqProcessor() hands over the job in the words of our job stores', async () => {
  const seen: ClaimedJob[] = []
  const ended = finished(
    work(async (job) => {
      seen.push(job)
      return job.attempt < 2
        ? { to: 'scheduled', delayMs: 0, error: { message: 'once more' } }
        : { to: 'completed' }
    }),
  )
  const { timestamp } = await queue.add(
    'n',
    { a: [1] },
    {
      jobId: 'x',
      attempts: 4,
      priority: 7,
      backoff: { type: 'exponential', delay: 10, jitter: 0.5 },
    },
  )
  await ended
  const first = {
    id: 'x',
    name: 'n',
    data: { a: [1] },
    options: { backoff: { type: 'exponential', delayMs: 10, jitter: 0.5 } },
    token: timestamp * 1000 + 1,
    attempt: 1,
    maxAttempts: 4,
    priority: 7,
    addedAt: timestamp,
    lastError: null,
  }
  expect(seen).toEqual([
    first,
    { ...first, token: first.token + 1, attempt: 2, lastError: { message: 'once more' } },
  ])
})

test('bullmqProcessor() retries after the wait of the outcome, and counts the attempt', async () => {
  const waits: number[] = []
  const started: number[] = []
  const bull = work(async (job) => {
    started.push(Date.now())
    return { to: 'scheduled', delayMs: job.attempt * 100, error: { message: `no ${job.attempt}` } }
  })
  bull.on('failed', (job) => void waits.push(job?.delay ?? -1))
  const ended = finished(bull)
  // Its own backoff, much longer, must not be what is waited.
  await queue.add('n', {}, { attempts: 3, backoff: 3_600_000 })
  const job = await reload((await ended).id)
  expect(started).toHaveLength(3)
  expect((started[1] ?? 0) - (started[0] ?? 0)).toBeGreaterThanOrEqual(100)
  expect((started[2] ?? 0) - (started[1] ?? 0)).toBeGreaterThanOrEqual(200)
  expect(waits.slice(0, 2)).toEqual([100, 200])
  expect(await job.getState()).toBe('failed')
  expect([job.attemptsMade, job.failedReason]).toEqual([3, 'no 3'])
  expect(job.opts.backoff).toEqual({ type: 'fixed', delay: 3_600_000 })
})

test.for([
  [{ to: 'dead', error: { code: 'no', message: 'hopeless' } }, 'hopeless'],
  [{ to: 'dead', error: 'a text' }, 'a text'],
  [{ to: 'dead', error: null }, 'The attempt failed'],
  [{ to: 'parked', error: { message: 'nobody knows it' } }, 'nobody knows it'],
  [{ to: 'cancelled' }, 'The job was cancelled'],
] satisfies [JobOutcome, string][])(
  'bullmqProcessor() fails a job for good whose outcome is %j',
  async ([outcome, reason]) => {
    const ended = finished(work(async () => outcome))
    await queue.add('n', {}, { attempts: 5, backoff: 1 })
    const job = await reload((await ended).id)
    expect(await job.getState()).toBe('failed')
    expect([job.attemptsMade, job.failedReason]).toEqual([1, reason])
  },
)

test('bullmqProcessor() puts a job back without spending an attempt, with other data', async () => {
  const seen: ClaimedJob[] = []
  const started: number[] = []
  const ended = finished(
    work(async (job) => {
      seen.push(job)
      started.push(Date.now())
      return seen.length < 3
        ? { to: 'scheduled', delayMs: seen.length === 1 ? 0 : 50, refund: true, data: seen.length }
        : { to: 'completed', result: 'done' }
    }),
  )
  await queue.add('n', 0, { attempts: 1 })
  const job = await reload((await ended).id)
  expect(seen.map(({ data, attempt }) => [data, attempt])).toEqual([
    [0, 1],
    [1, 1],
    [2, 1],
  ])
  expect(new Set(seen.map(({ token }) => token)).size).toBe(3)
  expect((started[2] ?? 0) - (started[1] ?? 0)).toBeGreaterThanOrEqual(50)
  expect([await job.getState(), job.returnvalue]).toEqual(['completed', 'done'])
})

test('bullmqProcessor() leaves a processor that rejects to BullMQ and the backoff of the job', async () => {
  let runs = 0
  const ended = finished(
    work(async () => {
      runs++
      if (runs < 3) throw new Error('a bug')
      return { to: 'completed' }
    }),
  )
  await queue.add('n', {}, { attempts: 3, backoff: 1 })
  expect(await (await reload((await ended).id)).getState()).toBe('completed')
  expect(runs).toBe(3)
})

test('bullmqProcessor() publishes progress, the latest last and all of it before the end', async () => {
  const published: unknown[] = []
  const bull = work(async (_, { progress }) => {
    progress(null)
    for (let step = 1; step <= 1000; step++) progress({ step })
    return { to: 'completed' }
  })
  bull.on('progress', (_, value) => void published.push(value))
  const ended = finished(bull)
  await queue.add('n', {})
  expect((await reload((await ended).id)).progress).toEqual({ step: 1000 })
  expect(published).toEqual([{ step: 1 }, { step: 1000 }])
  const redis = new Redis(server.url)
  const events = await redis.xrange(queue.toKey('events'), '-', '+')
  redis.disconnect()
  expect(events.slice(0, 6).map(([, fields]) => fields[1])).toEqual([
    'added',
    'waiting',
    'active',
    'progress',
    'progress',
    'completed',
  ])
})

test.for([
  [undefined, 'cancelled'],
  ['enough', 'cancelled'],
  ['lease_lost', 'lease_lost'],
  ['stopping', 'stopping'],
] as const)(
  'bullmqProcessor() aborts the signal when BullMQ cancels with %s, with the reason %s',
  async ([reason, code]) => {
    const seen: unknown[] = []
    const running = Promise.withResolvers<void>()
    const bull = work(async (_, { signal }) => {
      running.resolve()
      await new Promise((resolve) => signal.addEventListener('abort', resolve))
      seen.push(signal.reason)
      return { to: 'cancelled' }
    })
    const ended = finished(bull)
    const { id = '' } = await queue.add('n', {}, { attempts: 3 })
    await running.promise
    expect(bull.cancelJob(id, reason)).toBe(true)
    await ended
    expect(seen).toMatchObject([{ name: 'JobAbortError', code }])
  },
)

test('bullmqProcessor() keeps schema, unknown names, retries and hopeless errors of a job queue', async () => {
  const jobs = new JobQueue({
    name: queue.name,
    backend: memory(),
    jobs: {
      later: defineJob({
        run: ({ attempt }) => {
          if (attempt < 2) throw new RetryLaterError(30)
          return 'in the end'
        },
      }),
      hopeless: defineJob({
        run: () => {
          throw new UnrecoverableError('never')
        },
      }),
    },
  })
  const bull = workWith(bullmqProcessor(jobs))
  const results: Record<string, unknown> = {}
  for (const [name, expected] of [
    ['later', ['completed', 2, undefined]],
    ['hopeless', ['failed', 1, 'never']],
    ['unknown', ['failed', 1, 'Cannot run job "unknown": this worker has no definition of it']],
  ] as const) {
    const ended = finished(bull)
    await queue.add(name, {}, { attempts: 5 })
    const job = await reload((await ended).id)
    const failedReason = name === 'later' ? undefined : job.failedReason
    results[name] = [await job.getState(), job.attemptsMade, failedReason]
    expect(results[name]).toEqual(expected)
    bull.removeAllListeners()
  }
})

test('bullmqProcessor() keeps the timeout of a definition, or of its queue', async () => {
  const forever = (signal: AbortSignal): Promise<null> =>
    new Promise((resolve) => {
      signal.addEventListener('abort', () => resolve(null))
    })
  for (const [options, own] of [
    [{ timeout: 20 }, undefined],
    [undefined, { timeout: 20 }],
  ] as const) {
    const slow = new JobQueue({
      name: queue.name,
      backend: memory(),
      report: () => undefined,
      ...(options !== undefined && { options }),
      jobs: {
        slow: defineJob({
          ...(own !== undefined && { options: own }),
          run: (_job, { signal }) => forever(signal),
        }),
      },
    })
    const ended = finished(workWith(bullmqProcessor(slow)))
    await queue.add('slow', {}, { attempts: 1 })
    const job = await reload((await ended).id)
    expect(job.failedReason).toContain('the attempt took over 20 ms')
    await worker?.close()
  }
})

test('bullmqProcessor() keeps the concurrency of a definition, key by key and across workers', async () => {
  const backend = memory()
  let running = 0
  const most: number[] = []
  const gates: (() => void)[] = []
  const limited = () =>
    new JobQueue({
      name: queue.name,
      backend,
      jobs: {
        one: defineJob({
          concurrency: { limit: 1, key: (data) => String(data) },
          async run() {
            most.push(++running)
            await new Promise<void>((resolve) => {
              gates.push(resolve)
              // The next one is let in by its own look, which comes before this ends.
              if (most.length > 2) for (const open of gates.splice(0)) open()
            })
            running--
            return null
          },
        }),
      },
    })
  const done: string[] = []
  const deferred = Promise.withResolvers<void>()
  const all = Promise.withResolvers<void>()
  const workers = [1, 2].map(() => {
    const own = limited()
    own.on(({ type }) => {
      if (type === 'deferred') deferred.resolve()
    })
    const made = new Worker(queue.name, bullmqProcessor(own), { connection, concurrency: 4 })
    made.on('completed', ({ id }) => {
      done.push(id ?? '')
      if (done.length === 3) all.resolve()
    })
    return made
  })
  await queue.addBulk(['a', 'a', 'b'].map((data) => ({ name: 'one', data })))
  await deferred.promise
  // One of each key runs, and the second of the first key has been put back.
  while (gates.length < 2) await new Promise((resolve) => setImmediate(resolve))
  expect(most).toEqual([1, 2])
  for (const open of gates.splice(0)) open()
  await all.promise
  for (const made of workers) await made.close()
  expect([done.length, Math.max(...most)]).toEqual([3, 2])
  expect((await queue.getJobs(['completed'])).map(({ attemptsMade }) => attemptsMade)).toEqual([
    1, 1, 1,
  ])
})

test('bullmqProcessor() tells a handler what the children of a BullMQ flow came to', async () => {
  const seen: unknown[] = []
  const other = new Queue(`${queue.name}-children`, { connection })
  const flows = new FlowProducer({ connection })
  const kinds = new JobQueue({
    name: queue.name,
    backend: memory(),
    report: () => undefined,
    jobs: {
      part: defineJob({
        run: ({ data }) => {
          if (data === 'bad') throw new UnrecoverableError('broken')
          return { of: data as string }
        },
      }),
      sum: defineJob({
        async run(_job, { children, waitForChildren }) {
          seen.push(...(await children()))
          await waitForChildren([{ name: 'part', data: 1 }]).catch((error: unknown) => {
            seen.push(error instanceof TypeError)
          })
          return 'summed'
        },
      }),
    },
  })
  const elsewhere = new Worker(other.name, bullmqProcessor(kinds), { connection })
  const bull = workWith(bullmqProcessor(kinds))
  const sum = new Promise<Job>((resolve) => {
    bull.on('completed', (job) => {
      if (job.name === 'sum') resolve(job)
    })
  })
  await flows.add({
    name: 'sum',
    queueName: queue.name,
    children: [
      { name: 'part', queueName: queue.name, data: 'one', opts: { jobId: 'c1' } },
      { name: 'part', queueName: other.name, data: 'two', opts: { jobId: 'c2' } },
      {
        name: 'part',
        queueName: queue.name,
        data: 'bad',
        opts: { jobId: 'c3', ignoreDependencyOnFailure: true },
      },
    ],
  })
  expect((await sum).returnvalue).toBe('summed')
  const sorted = seen
    .slice(0, 3)
    .toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1))
  expect([sorted, seen.at(-1)]).toEqual([
    [
      { id: 'c1', name: 'part', state: 'completed', result: { of: 'one' }, error: null },
      {
        id: 'c2',
        name: 'part',
        state: 'completed',
        result: { of: 'two' },
        error: null,
        queue: other.name,
      },
      { id: 'c3', name: 'part', state: 'dead', result: null, error: { message: 'broken' } },
    ],
    true,
  ])
  await elsewhere.close()
  await flows.close()
  await other.close()
})
