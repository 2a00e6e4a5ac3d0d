import {
  expectEqual,
  expectRejection,
  type Law,
} from '../../../../src/runtime/ports/conformance.ts'
import {
  defineJob,
  RetryLaterError,
  UnrecoverableError,
  type BatchResult,
} from '../../../../src/services/background-jobs/index.ts'
import { queueOn, type JobQueueHarness } from './job-queue-harness.ts'

/** What handlers of many jobs at a time are promised. */
export const batchLaws: readonly Law<JobQueueHarness>[] = [
  {
    name: 'jobs that are claimed together are handled by one call, each with a result of its own',
    async run(harness) {
      const batches: number[][] = []
      const queue = queueOn(await harness.open(), harness, {
        index: defineJob({
          batch: { size: 3, wait: '1m' },
          run(jobs) {
            batches.push(jobs.map(({ data }) => Number(data)))
            return jobs.map(({ data, attempt }) => ({ indexed: Number(data), attempt }))
          },
        }),
      })
      const added = await queue.addBulk(
        [1, 2, 3, 4, 5].map((data) => ({ name: 'index' as const, data })),
      )
      expectEqual(await queue.drain({ concurrency: 10 }), 5)
      expectEqual(batches, [
        [1, 2, 3],
        [4, 5],
      ])
      const results = await Promise.all(added.map(({ finished }) => finished()))
      expectEqual(
        results,
        [1, 2, 3, 4, 5].map((data) => ({ indexed: data, attempt: 1 })),
      )
    },
  },
  {
    name: 'a job that fails in a batch fails alone, as its error says',
    async run(harness) {
      const errors: Readonly<Record<string, Error>> = {
        again: new Error('Again'),
        hopeless: new UnrecoverableError('Hopeless'),
        later: new RetryLaterError(3_600_000),
      }
      const queue = queueOn(await harness.open(), harness, {
        index: defineJob({
          batch: { size: 10 },
          run: (jobs) => jobs.map(({ data }): BatchResult => errors[String(data)] ?? 'fine'),
        }),
      })
      const options = { attempts: 2, backoff: { type: 'fixed', delay: '1m', jitter: 0 } } as const
      const added = await queue.addBulk(
        ['fine', 'again', 'hopeless', 'later'].map((data) => ({
          ...{ name: 'index' as const, data, options },
        })),
      )
      await queue.drain()
      const records = await Promise.all(added.map(({ id }) => queue.get(id)))
      expectEqual(
        records.map((record) => record?.state),
        ['completed', 'scheduled', 'dead', 'scheduled'],
      )
      expectEqual(
        records.map(
          (record) => (record?.lastError as { message?: string } | null)?.message ?? null,
        ),
        [null, 'Again', 'Hopeless', errors['later']?.message ?? ''],
      )
      await harness.advance(60_000)
      await queue.drain()
      expectEqual((await queue.get(added[1]?.id ?? ''))?.state, 'dead')
    },
  },
  {
    name: 'what the handler of a batch throws fails all its jobs; without a list they have completed',
    async run(harness) {
      const queue = queueOn(await harness.open(), harness, {
        broken: defineJob({
          batch: { size: 10 },
          run: () => {
            throw new Error('The index is down')
          },
        }),
        quiet: defineJob({ batch: { size: 10 }, run: () => undefined }),
        short: defineJob({ batch: { size: 10 }, run: (jobs) => jobs.slice(1).map(() => 1) }),
      })
      const addTwo = (name: 'broken' | 'quiet' | 'short') =>
        queue.addBulk([1, 2].map((data) => ({ name, data, options: { attempts: 1 } })))
      const added = [
        ...(await addTwo('broken')),
        ...(await addTwo('quiet')),
        ...(await addTwo('short')),
      ]
      await queue.drain()
      const ends = await Promise.all(
        added.map(async ({ id }) => {
          const record = await queue.get(id)
          const error = record?.lastError as { readonly code?: string } | null
          return `${record?.state} ${error?.code ?? ''}`
        }),
      )
      expectEqual(ends, [
        ...['dead failed', 'dead failed', 'completed ', 'completed '],
        ...['dead outcome_refused', 'dead outcome_refused'],
      ])
    },
  },
  {
    name: 'each job of a batch has its own log, children and signal',
    async run(harness) {
      const queue = queueOn(await harness.open(), harness, {
        part: defineJob({ run: ({ data }) => Number(data) }),
        whole: defineJob({
          batch: { size: 2 },
          run: (jobs) =>
            Promise.all(
              jobs.map(async ({ data, log, children, signal }) => {
                log(`line of ${String(data)}`)
                signal.throwIfAborted()
                return (await children()).map(({ result }) => result)
              }),
            ),
        }),
      })
      const flows = await Promise.all(
        [1, 2].map((data) =>
          queue.addFlow({ name: 'whole', data, children: [{ name: 'part', data: data * 10 }] }),
        ),
      )
      await queue.drain()
      const ids = flows.map(([parent]) => parent?.id ?? '')
      expectEqual(await Promise.all(ids.map((id) => queue.finished(id))), [[10], [20]])
      expectEqual(await Promise.all(ids.map((id) => queue.logs(id))), [
        ['line of 1'],
        ['line of 2'],
      ])
    },
  },
  {
    name: 'a batch that cannot be is refused: its size, its wait, its worker',
    async run(harness) {
      const backend = await harness.open()
      const made = (batch: { size: number; wait?: number }) =>
        queueOn(backend, harness, { index: defineJob({ batch, run: () => undefined }) })
      const refused = (act: () => unknown, what: string) =>
        expectRejection(act, (error) => error instanceof RangeError, `${what} to be refused`)
      for (const size of [0, 1001, 1.5, Number.NaN])
        await refused(async () => made({ size }), `a batch of ${size}`)
      for (const wait of [-1, 60_001])
        await refused(async () => made({ size: 2, wait }), `a wait of ${wait} ms`)
      await refused(() => made({ size: 5 }).drain({ concurrency: 4 }), 'too small a concurrency')
      expectEqual(await made({ size: 50 }).drain(), 0)
    },
  },
]
