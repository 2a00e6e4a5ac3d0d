import { expect, test } from 'vitest'
import {
  CircuitBreaker,
  createIdempotency,
  DistributedLock,
  saga,
  SagaOrchestrator,
  Semaphore,
} from '../../src/runtime/coordination/index.ts'
import { systemClock } from '../../src/runtime/ports/platform/clock.ts'
import { createJobWorker } from '../../src/runtime/workers/job-worker.ts'
import { checkDispatchLimits } from '../../src/runtime/backends/durable-objects/job-dispatcher.ts'
import { durableObjects } from '../../src/runtime/backends/durable-objects/durable-objects.ts'
import { memory } from '../../src/runtime/backends/memory/index.ts'
import { redis } from '../../src/runtime/backends/redis/index.ts'
import { sqlite } from '../../src/runtime/backends/sqlite/index.ts'
import { bullmqQueue } from '../../src/runtime/engines/bullmq/index.ts'
import {
  queuesConsumer,
  queuesDirect,
  queuesDirectConsumer,
  queuesWaker,
} from '../../src/runtime/engines/cloudflare-queues/index.ts'
import {
  qstashDirect,
  qstashDirectHandler,
  qstashHandler,
  qstashSchedules,
  qstashWaker,
} from '../../src/runtime/engines/qstash/index.ts'
import { pinnedFetch } from '../../src/runtime/platforms/node/index.ts'
import {
  JobQueue,
  nextRuns,
  RetryLaterError,
  scheduleJob,
} from '../../src/services/background-jobs/index.ts'
import {
  createAlerts,
  createObserver,
  createRedactor,
  HealthCheckService,
  httpSink,
  LoggerService,
  MetricsService,
  TracingService,
} from '../../src/services/logging/index.ts'
import { sentry } from '../../src/services/logging/sentry/index.ts'
import { handleWebhooks, readWebhook, verifyWebhook } from '../../src/services/webhooks/index.ts'
import { testOptionRanges, type Numeric } from '../support/odd-options.ts'

const backend = memory()
const signal = AbortSignal.abort()
const unreachable = () => Promise.reject(new Error('nothing is to be sent'))
const queue = { send: async (): Promise<void> => {} }
const access = { token: 't', url: 'https://example.com/', fetch: unreachable }
const signed = { url: 'https://example.com/', signingKeys: { current: 'a', next: 'b' } }
const process = async (): Promise<{ readonly to: 'completed' }> => ({ to: 'completed' })
const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
const workers = [{ queue: 'q', drain: async () => 0 }]
const connection = { eval: async () => [], evalsha: async () => [] }

const jobs = new JobQueue({ name: 'q', backend, jobs: { a: { run: () => null } } })
const bull = bullmqQueue({ name: 'q', client: connection })
const lock = new DistributedLock({ backend })
const slots = new Semaphore({ backend, limit: 1 })

const worker = {
  concurrency: 'count',
  lease: 'duration',
  maxWait: 'duration',
  grace: 'duration',
} as const
const leases = { ttl: 'duration', wait: 'duration' } as const
const retry = {
  'retry.attempts': 'count',
  'retry.backoff.delay': 'duration',
  'retry.backoff.maxDelay': 'duration',
  'retry.backoff.jitter': 'share',
} as const
const qstash = { timeout: 'duration' } as const
const reading = { tolerance: 'duration', maxBytes: 'count', bodyTimeout: 'duration' } as const
const signing = { tolerance: 'duration', bodyTimeout: 'duration', maxBodyBytes: 'count' } as const

const table: readonly Numeric[] = [
  {
    name: 'createJobWorker()',
    options: worker,
    call: (options) =>
      createJobWorker({
        processor: { queue: 'q', process },
        jobStore: backend.jobStore.queue('q'),
        clock: systemClock,
        ...options,
      }),
  },
  {
    name: 'JobQueue.run()',
    options: worker,
    call: (options) => jobs.run({ signal, ...options }),
  },
  { name: 'JobQueue.drain()', options: worker, call: (options) => jobs.drain(options) },
  {
    name: 'JobQueue.add()',
    options: {
      attempts: 'count',
      backoff: 'duration',
      'backoff.delay': 'duration',
      'backoff.maxDelay': 'duration',
      'backoff.jitter': 'share',
      delay: 'duration',
      priority: 'count',
      timeout: 'duration',
      'deduplication.ttl': 'duration',
      'removeOnComplete.age': 'duration',
      'removeOnComplete.count': 'count',
      'removeOnFail.age': 'duration',
      'removeOnFail.count': 'count',
    },
    call: (options) => jobs.add('a', null, options),
  },
  {
    name: 'new JobQueue()',
    options: {
      'concurrency.limit': 'count',
      'rateLimit.limit': 'count',
      'rateLimit.window': 'duration',
    },
    call: (options) =>
      new JobQueue({ name: 'q', backend, jobs: { a: { run: () => null, ...options } } }),
  },
  {
    name: 'JobQueue.redrive()',
    options: { limit: 'count', perSecond: 'rate' },
    call: (options) => jobs.redrive(options),
  },
  {
    name: 'JobQueue.purge()',
    options: { limit: 'count' },
    call: (options) => jobs.purge('dead', valueOf(options)),
  },
  {
    name: 'nextRuns()',
    options: { count: 'count' },
    call: (options) => nextRuns('* * * * *', valueOf(options)),
  },
  {
    name: 'scheduleJob()',
    options: { every: 'duration', 'options.limit': 'count' },
    call: (options) =>
      scheduleJob(jobs, { name: 'a', data: null, id: 's', every: '1h', ...options }),
  },
  {
    name: 'DistributedLock.acquire()',
    options: leases,
    call: (options) => lock.acquire('k', options),
  },
  {
    name: 'DistributedLock.withLock()',
    options: leases,
    call: (options) => lock.withLock('k', options, () => null),
  },
  {
    name: 'new Semaphore()',
    options: { limit: 'count' },
    call: (options) => new Semaphore({ backend, limit: 1, ...options }),
  },
  {
    name: 'Semaphore.withSlot()',
    options: leases,
    call: (options) => slots.withSlot('k', () => null, options),
  },
  {
    name: 'new CircuitBreaker()',
    options: {
      failureThreshold: 'count',
      failureRate: 'share',
      minimumCalls: 'count',
      window: 'duration',
      resetTimeout: 'duration',
      halfOpenProbes: 'count',
      syncInterval: 'duration',
    },
    call: (options) => new CircuitBreaker(options),
  },
  {
    name: 'createIdempotency()',
    options: { lease: 'duration', keep: 'duration' },
    call: (options) => createIdempotency({ backend, ...options }),
  },
  {
    name: 'new SagaOrchestrator()',
    options: { lease: 'duration', keep: 'duration' },
    call: (options) => new SagaOrchestrator({ backend, ...options }),
  },
  {
    name: 'saga()',
    options: { timeout: 'duration', ...retry },
    call: (options) =>
      saga('s', 1)
        .step('a', { execute: () => null, ...options })
        .build(),
  },
  {
    name: 'saga() of a version',
    options: { version: 'count' },
    call: (options) => saga('s', valueOf(options)),
  },
  {
    name: 'new LoggerService()',
    options: {
      maxDepth: 'count',
      maxValues: 'count',
      maxTextLength: 'count',
      'sampling.info': 'share',
    },
    call: (options) => new LoggerService(options),
  },
  {
    name: 'new TracingService()',
    options: {
      maxAttributes: 'count',
      maxEvents: 'count',
      'tail.slowerThan': 'duration',
      'tail.share': 'share',
      'tail.maxSpans': 'count',
      'tail.maxTraces': 'count',
    },
    call: (options) => new TracingService(options),
  },
  {
    name: 'new MetricsService()',
    options: { shards: 'count', maxSeries: 'count', staleAfter: 'duration' },
    call: (options) => new MetricsService({ backend, ...options }),
  },
  {
    name: 'httpSink()',
    options: {
      maxQueued: 'count',
      maxBatch: 'count',
      maxBatchLength: 'count',
      flushAfter: 'duration',
      attempts: 'count',
      timeout: 'duration',
    },
    call: (options) => httpSink({ url: 'https://example.com/', ...options }),
  },
  {
    name: 'createObserver()',
    options: { slowAfter: 'duration', flushMetricsEvery: 'duration' },
    call: (options) => createObserver(options),
  },
  {
    name: 'sentry()',
    options: { sampleRate: 'share', maxBreadcrumbs: 'count', maxQueued: 'count' },
    call: (options) =>
      sentry({ dsn: 'https://k@example.com/1', redactor: createRedactor(), ...options }),
  },
  {
    name: 'createAlerts() of a rule',
    options: { window: 'duration', cooldown: 'duration' },
    call: (options) => {
      const rule = { name: 'r', log: {}, atLeast: 1, window: '1m', ...options } as const
      return createAlerts({ rules: [rule], notify: () => {} })
    },
  },
  {
    name: 'new HealthCheckService() of a check',
    options: { timeout: 'duration', cache: 'duration' },
    call: (options) => new HealthCheckService({ checks: { a: { run: () => {}, ...options } } }),
  },
  {
    name: 'redis()',
    options: { timeout: 'duration', queueShards: 'count' },
    call: (options) => redis(connection, options),
  },
  {
    name: 'sqlite()',
    options: { busyTimeout: 'duration', lookInterval: 'duration' },
    call: (options) => sqlite(':memory:', options),
  },
  {
    name: 'durableObjects()',
    options: { queueShards: 'count', rateLimitShards: 'count' },
    call: (options) => durableObjects({ getByName: () => ({}) }, options),
  },
  {
    name: 'dispatchLimits',
    options: {
      jobsPerCall: 'count',
      jobsPerQuickCall: 'count',
      calls: 'count',
      lease: 'duration',
      timeLimit: 'duration',
    },
    call: (options) =>
      checkDispatchLimits({
        jobsPerCall: 20,
        jobsPerQuickCall: 100,
        calls: 4,
        lease: '10s',
        timeLimit: '30s',
        ...options,
      }),
  },
  {
    name: 'bullmqQueue()',
    options: { timeout: 'duration' },
    call: (options) => bullmqQueue({ name: 'q', client: connection, ...options }),
  },
  {
    name: 'BullmqQueue.add()',
    options: {
      delay: 'count',
      priority: 'count',
      attempts: 'count',
      'backoff.delay': 'count',
      'backoff.jitter': 'share',
      keepLogs: 'count',
      stackTraceLimit: 'count',
      'removeOnFail.age': 'count',
    },
    call: (options) => bull.add('a', null, options),
  },
  {
    name: 'queuesWaker()',
    options: { coalesce: 'duration' },
    call: (options) => queuesWaker({ queue, ...options }),
  },
  {
    name: 'queuesConsumer()',
    options: { timeLimit: 'duration' },
    call: (options) => queuesConsumer({ backend, workers, ...options }),
  },
  {
    name: 'queuesDirectConsumer()',
    options: { timeLimit: 'duration' },
    call: (options) => queuesDirectConsumer({ process, onDead: async () => {}, ...options }),
  },
  {
    name: 'QueuesDirect.send()',
    options: { delay: 'duration' },
    call: (options) => queuesDirect({ queue }).send('a', null, options),
  },
  {
    name: 'qstashWaker()',
    options: { ...qstash, coalesce: 'duration', maxDelay: 'duration', retries: 'count' },
    call: (options) => qstashWaker({ ...access, ...options }),
  },
  {
    name: 'qstashHandler()',
    options: { ...signing, timeLimit: 'duration' },
    call: (options) => qstashHandler({ ...signed, backend, workers, ...options }),
  },
  {
    name: 'qstashDirectHandler()',
    options: { ...signing, timeLimit: 'duration' },
    call: (options) => qstashDirectHandler({ ...signed, process, ...options }),
  },
  {
    name: 'qstashDirect()',
    options: qstash,
    call: (options) => qstashDirect({ ...access, ...options }),
  },
  {
    name: 'QstashDirect.send()',
    options: { delay: 'duration', retries: 'count' },
    call: (options) => qstashDirect(access).send('a', null, options),
  },
  {
    name: 'QstashSchedules.create()',
    options: { retries: 'count' },
    call: (options) =>
      qstashSchedules(access).create({ id: 's', cron: '* * * * *', wake: 'q', ...options }),
  },
  {
    name: 'verifyWebhook()',
    options: { tolerance: 'duration' },
    call: (options) => verifyWebhook('{}', {}, secret, options),
  },
  {
    name: 'readWebhook()',
    options: reading,
    call: (options) => readWebhook(new Request(access.url), { secrets: secret, ...options }),
  },
  {
    name: 'handleWebhooks()',
    options: { ...reading, keep: 'duration', lease: 'duration' },
    call: (options) => handleWebhooks({}, { secrets: secret, store: backend.store, ...options }),
  },
  {
    name: 'pinnedFetch()',
    options: { idleTimeout: 'duration', idleConnections: 'count' },
    call: (options) => pinnedFetch({ refusedRange: () => null, ...options }),
  },
]

testOptionRanges(table)

test('new RetryLaterError() takes a duration', () => {
  for (const odd of [NaN, Infinity, -1, '5', 'soon', null])
    expect(() => new RetryLaterError(odd as number), String(odd)).toThrow(RangeError)
  expect(new RetryLaterError('2s').retryAfterMs).toBe(2000)
  // What a handler has computed must not fail where it throws.
  expect(new RetryLaterError(0.5).retryAfterMs).toBe(1)
})

function valueOf(options: object): number {
  const [value] = Object.values(options)
  return value as number
}
