import {
  createJob,
  defineJob,
  JobError,
  type JobOptions,
  RetryLaterError,
  UnrecoverableError,
} from '../../../../src/services/background-jobs/index.ts'
import type { StandardSchema } from '../../../../src/primitives/standard-schema.ts'
import {
  expectEqual,
  expectRejection,
  expectTrue,
  type Law,
} from '../../../../src/runtime/ports/conformance.ts'
import { open, queueOn, type JobQueueHarness } from './job-queue-harness.ts'
import { jobQueueFeatureLaws } from './job-queue-features.ts'
import { jobSearchLaws } from './search-laws.ts'
import { fidelityLaws } from './fidelity-laws.ts'
import { deployLaws } from './deploy-laws.ts'
import { batchLaws } from './batch-laws.ts'
import { fleetEventLaws } from './fleet-event-laws.ts'
import { flowLaws } from './flow-laws.ts'
import { groupControlLaws } from './group-control-laws.ts'
import { limitLaws } from './limit-laws.ts'
import { oddErrorLaws } from './odd-error-laws.ts'
import { stateLaws } from './state-laws.ts'
import { scheduleLaws } from './schedule-laws.ts'
import { suite, type Suite } from '../../suite.ts'

/** What queues promise on every backend. */
export function jobQueueSuites(adapter: string, harness: JobQueueHarness): readonly Suite[] {
  return [
    suite(
      'JobQueue',
      adapter,
      [
        ...jobQueueLaws,
        ...jobQueueFeatureLaws,
        ...jobSearchLaws,
        ...limitLaws,
        ...deployLaws,
        ...stateLaws,
        ...fleetEventLaws,
        ...flowLaws,
        ...batchLaws,
        ...groupControlLaws,
        ...oddErrorLaws,
        ...fidelityLaws,
        ...scheduleLaws,
      ],
      harness,
    ),
  ]
}

const LEASE_MS = 10_000
const DAY_MS = 86_400_000

const jobQueueLaws: readonly Law<JobQueueHarness>[] = [
  {
    name: 'createJob() runs the handler once, with the data, and keeps what it returns',
    async run(harness) {
      const seen: unknown[] = []
      const queue = await open(harness, {
        'send-email': defineJob({
          run: ({ data, attempt, maxAttempts }) => void seen.push({ data, attempt, maxAttempts }),
        }),
        sum: defineJob({ run: () => ({ sum: [1, 2] }) }),
      })
      const data = {
        to: 'a@example.org',
        subject: 'Hi',
        template: 'welcome-email',
        data: { name: 'Ü' },
      }
      await createJob(queue, {
        name: 'send-email',
        data,
        options: { attempts: 3, backoff: { type: 'exponential', delay: 5000 } },
      })
      const { id } = await queue.add('sum', {})
      expectEqual(await queue.drain(), 2)
      expectEqual(seen, [{ data, attempt: 1, maxAttempts: 3 }])
      const record = await queue.get(id)
      expectEqual([record?.state, record?.result], ['completed', { sum: [1, 2] }])
      expectEqual(await queue.drain(), 0)
    },
  },
  {
    name: 'a failing job is tried again after its backoff, then is dead with its last error',
    async run(harness) {
      const attempts: number[] = []
      const queue = await open(harness, {
        fail: defineJob({
          run: ({ attempt }) => {
            attempts.push(attempt)
            throw new Error(`attempt ${attempt} failed`)
          },
        }),
      })
      const { id } = await queue.add(
        'fail',
        {},
        { attempts: 3, backoff: { type: 'exponential', delay: 1000, jitter: 0 } },
      )
      await queue.drain()
      // A server's clock does not stand still: what is not due yet is not due by far.
      await harness.advance(500)
      await queue.drain()
      expectEqual(attempts, [1])
      await harness.advance(600)
      await queue.drain()
      expectEqual(attempts, [1, 2])
      await harness.advance(2100)
      await queue.drain()
      const record = await queue.get(id)
      expectEqual([attempts, record?.state], [[1, 2, 3], 'dead'])
      expectEqual(record?.lastError, { name: 'Error', code: 'failed', message: 'attempt 3 failed' })
    },
  },
  {
    name: 'UnrecoverableError makes a job dead at once',
    async run(harness) {
      const queue = await open(harness, {
        hopeless: defineJob({
          run: () => {
            throw new UnrecoverableError('The account is closed')
          },
        }),
      })
      const { id } = await queue.add('hopeless', {}, { attempts: 5 })
      await queue.drain()
      const record = await queue.get(id)
      expectEqual([record?.state, record?.attempt], ['dead', 1])
      expectEqual(record?.lastError, {
        name: 'UnrecoverableError',
        code: 'unrecoverable',
        message: 'The account is closed',
      })
    },
  },
  {
    name: 'RetryLaterError chooses when the next attempt comes',
    async run(harness) {
      let runs = 0
      const queue = await open(harness, {
        busy: defineJob({
          run: () => {
            if (runs++ === 0) throw new RetryLaterError(60_000)
          },
        }),
      })
      await queue.add('busy', {}, { backoff: 1 })
      await queue.drain()
      await harness.advance(59_000)
      await queue.drain()
      expectEqual(runs, 1)
      await harness.advance(1000)
      await queue.drain()
      expectEqual(runs, 2)
    },
  },
  {
    name: 'data that does not fit the schema is refused when added, and makes the job dead when run',
    async run(harness) {
      const backend = await harness.open()
      const strict = { to: defineJob({ input: emailSchema, run: ({ data }) => data.to }) }
      const queue = queueOn(backend, harness, strict)
      await expectRejection(
        // A caller without types.
        () => queue.add('to', { too: 1 } as never),
        (error) =>
          error instanceof JobError &&
          error.code === 'invalid_data' &&
          !error.message.includes('1'),
        'invalid_data without the value',
      )
      expectEqual((await queue.counts()).ready, 0)
      const older = queueOn(backend, harness, { to: defineJob({ run: () => 1 }) })
      const { id } = await older.add('to', { too: 1 }, { attempts: 9 })
      await queue.drain()
      const record = await queue.get(id)
      expectEqual([record?.state, record?.attempt], ['dead', 1])
      expectEqual((record?.lastError as { code?: string })?.code, 'invalid_data')
    },
  },
  {
    name: 'add() refuses a kind that has no definition',
    async run(harness) {
      const queue = await open(harness, { note: defineJob({ run: () => undefined }) })
      for (const name of ['other', 'toString'])
        await expectRejection(
          () => queue.add(name as never, {} as never),
          (error) => error instanceof JobError && error.code === 'unknown_job',
          'unknown_job',
        )
    },
  },
  {
    name: 'a job whose worker disappeared runs again within its lease, and the first outcome no longer counts',
    async run(harness) {
      const backend = await harness.open()
      const queue = queueOn(backend, harness, {
        work: defineJob({ run: ({ attempt, crashes }) => [attempt, crashes] }),
      })
      const stalled: string[] = []
      queue.on(({ type, ...event }) => void (type === 'stalled' && stalled.push(event.id)))
      const { id } = await queue.add('work', {})
      const jobStore = backend.jobStore.queue(queue.name)
      const [lost] = (await jobStore.exchange({ claim: { limit: 1, leaseMs: LEASE_MS } })).claimed
      expectEqual(await queue.drain(), 0)
      await harness.advance(LEASE_MS)
      expectEqual([await queue.drain(), stalled], [1, [id]])
      const late = await jobStore.exchange({
        settle: [{ id, token: lost?.token ?? 0, outcome: { to: 'dead', error: 'late' } }],
      })
      expectEqual(late.settled, ['lost'])
      const record = await queue.get(id)
      expectEqual([record?.state, record?.result], ['completed', [1, 1]])
    },
  },
  {
    name: 'a killed worker spends no attempt, and maxCrashes says how many a job survives in a row',
    async run(harness) {
      const backend = await harness.open()
      let runs = 0
      const queue = queueOn(backend, harness, { work: defineJob({ run: () => void runs++ }) })
      const jobStore = backend.jobStore.queue(queue.name)
      const die = async (): Promise<void> => {
        await jobStore.exchange({ claim: { limit: 9, leaseMs: LEASE_MS } })
        await harness.advance(LEASE_MS)
      }
      const survivor = await queue.add('work', 1, { attempts: 1 })
      for (let times = 0; times < 3; times++) await die()
      await queue.drain()
      expectEqual([runs, (await queue.get(survivor.id))?.state], [1, 'completed'])
      const poison = await queue.add('work', 2, { attempts: 9 })
      const fragile = await queue.add('work', 3, { attempts: 9, maxCrashes: 0 })
      await die()
      await jobStore.exchange({})
      expectEqual((await queue.get(fragile.id))?.state, 'dead')
      for (let times = 0; times < 3; times++) await die()
      await queue.drain()
      const record = await queue.get(poison.id)
      expectEqual(
        [runs, record?.state, (record?.lastError as { code?: string } | null)?.code],
        [1, 'dead', 'lease_lost'],
      )
      expectEqual([await queue.retry(poison.id), await queue.drain(), runs], [true, 1, 2])
      for (const maxCrashes of [-1, 0.5, Number.NaN, 1001])
        await expectRejection(
          () => queue.add('work', 1, { maxCrashes }),
          (error) => error instanceof RangeError,
          'maxCrashes out of range to be refused',
        )
    },
  },
  {
    name: 'priorities run in order of their number, named levels included',
    async run(harness) {
      const order: unknown[] = []
      const queue = await open(harness, {
        note: defineJob({ run: ({ data }) => void order.push(data) }),
      })
      await queue.addBulk([
        { name: 'note', data: 'low', options: { priority: 'low' } },
        { name: 'note', data: 'normal' },
        { name: 'note', data: 'critical', options: { priority: 'critical' } },
        { name: 'note', data: 'zero', options: { priority: 0 } },
        { name: 'note', data: 'high', options: { priority: 'high' } },
      ])
      await queue.drain({ concurrency: 1 })
      expectEqual(order, ['zero', 'critical', 'high', 'normal', 'low'])
    },
  },
  {
    name: 'no more jobs run at once than the concurrency',
    async run(harness) {
      let running = 0
      let most = 0
      const queue = await open(harness, {
        note: defineJob({
          run: async () => {
            most = Math.max(most, ++running)
            for (let turn = 0; turn < 5; turn++) await Promise.resolve()
            running--
          },
        }),
      })
      await queue.addBulk(Array.from({ length: 40 }, () => ({ name: 'note' as const, data: null })))
      expectEqual(await queue.drain({ concurrency: 7 }), 40)
      expectTrue(most > 1 && most <= 7, `between 2 and 7 at once, not ${most}`)
    },
  },
  {
    name: 'jobId and deduplication make adding idempotent',
    async run(harness) {
      const queue = await open(harness, { note: defineJob({ run: () => undefined }) })
      const first = await queue.add('note', 1, { jobId: 'order-1' })
      expectEqual(
        [first, await queue.add('note', 2, { jobId: 'order-1' })],
        [
          { id: 'order-1', added: true },
          { id: 'order-1', added: false },
        ],
      )
      const held = await queue.add('note', 1, { deduplication: { id: 'd', ttl: '1h' } })
      expectEqual(await queue.add('note', 2, { deduplication: { id: 'd', ttl: '1h' } }), {
        id: held.id,
        added: false,
      })
    },
  },
  {
    name: 'cancel() ends a waiting job; removed, promoted and retried jobs say whether they were',
    async run(harness) {
      const queue = await open(harness, { note: defineJob({ run: () => undefined }) })
      const { id } = await queue.add('note', 1, { delay: '1h' })
      expectEqual([await queue.promote(id), await queue.promote(id)], [true, false])
      expectEqual([await queue.cancel(id), await queue.cancel(id)], [true, false])
      expectEqual(await queue.drain(), 0)
      expectEqual(
        [await queue.remove(id), await queue.remove(id), await queue.get(id)],
        [true, false, null],
      )
    },
  },
  {
    name: 'removeOnComplete and removeOnFail take a count, an age or both, and true or 0 for nothing',
    async run(harness) {
      const queue = await open(harness, {
        note: defineJob({
          run: ({ data }) => {
            if (data === 'bad') throw new UnrecoverableError('bad')
          },
        }),
      })
      const finish = async (data: string, options: JobOptions): Promise<void> => {
        await queue.add('note', data, { ...options, jobId: `${data}${JSON.stringify(options)}` })
        await queue.drain()
        await harness.advance(1000)
      }
      const kept = async () => {
        const { completed, dead } = await queue.counts()
        return [completed, dead]
      }
      for (const gone of [true, 0, { count: 0 }]) {
        await finish('good', { removeOnComplete: gone })
        await finish('bad', { removeOnFail: gone })
      }
      expectEqual(await kept(), [0, 0])
      for (const count of [7, 8, 9]) {
        await finish('good', { removeOnComplete: { count } })
        await finish('bad', { removeOnFail: count })
      }
      expectEqual(await kept(), [3, 3])
      await finish('good', { removeOnComplete: { count: 2, age: '10d' }, removeOnFail: 1 })
      await finish('bad', { removeOnFail: { age: '1h', count: 3 } })
      expectEqual(await kept(), [2, 3])
      expectEqual(await queue.get('bad{"removeOnFail":{"age":"1h","count":3}}'), null)
      await harness.advance(DAY_MS)
      expectEqual(await kept(), [1, 3])
      for (const bad of [-1, 1.5, 1_000_001, { count: Number.NaN }])
        await expectRejection(
          () => queue.add('note', 1, { removeOnComplete: bad }),
          (error) => error instanceof RangeError,
          'a count out of range to be refused',
        )
    },
  },
  {
    name: 'log() lines of all attempts stay with the job, bounded',
    async run(harness) {
      const queue = await open(harness, {
        talk: defineJob({
          run: ({ attempt }, { log }) => {
            for (let line = 0; line < 60; line++) log(`${attempt}.${line} ${'x'.repeat(2000)}`)
            if (attempt === 1) throw new Error('again')
          },
        }),
      })
      const { id } = await queue.add(
        'talk',
        {},
        { backoff: { type: 'fixed', delay: 1000, jitter: 0 } },
      )
      await queue.drain()
      await harness.advance(1000)
      await queue.drain()
      const lines = await queue.logs(id)
      expectEqual(
        [lines.length, lines[0]?.slice(0, 5), lines.at(-1)?.slice(0, 5), lines[0]?.length],
        [100, '1.20 ', '2.59 ', 1000],
      )
    },
  },
  {
    name: 'pause() keeps jobs waiting until resume()',
    async run(harness) {
      const queue = await open(harness, { note: defineJob({ run: () => undefined }) })
      await queue.pause()
      await queue.add('note', 1)
      expectEqual([await queue.drain(), (await queue.counts()).paused], [0, true])
      await queue.resume()
      expectEqual(await queue.drain(), 1)
    },
  },
]

const emailSchema: StandardSchema<{ readonly to: string }> = {
  '~standard': {
    version: 1,
    vendor: 'test',
    validate: (value) =>
      typeof value === 'object' && value !== null && 'to' in value && typeof value.to === 'string'
        ? { value: { to: value.to } }
        : { issues: [{ message: 'Expected a string', path: ['to'] }] },
  },
}
