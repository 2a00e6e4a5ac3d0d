import { expect, test } from 'vitest'
import { memory } from '../../runtime/backends/memory/index.ts'
import { createFakeClock } from '../../testing/index.ts'
import { defineJob } from './define-job.ts'
import { JobQueue } from './job-queue.ts'

function fixture(options: { readonly size: number; readonly wait: string }) {
  const clock = createFakeClock()
  const batches: unknown[][] = []
  const signals: AbortSignal[] = []
  const release = Promise.withResolvers<void>()
  const queue = new JobQueue({
    name: 'work',
    backend: memory({ clock }),
    clock,
    jobs: {
      index: defineJob({
        batch: { size: options.size, wait: options.wait as '1s' },
        async run(jobs, { signal }) {
          batches.push(jobs.map(({ data }) => data))
          signals.push(signal, ...jobs.map((job) => job.signal))
          if (batches.length === 1) await release.promise
        },
      }),
    },
    options: { attempts: 1 },
    report: () => undefined,
  })
  const stop = new AbortController()
  const running = queue.run({ signal: stop.signal, grace: '10s' })
  return { clock, batches, signals, release, queue, stop, running }
}

test('a batch waits for others as long as it was told, from its first job on', async () => {
  const { clock, batches, release, queue, stop, running } = fixture({ size: 10, wait: '5s' })
  release.resolve()
  await queue.add('index', 1)
  await clock.advance(4000)
  await queue.add('index', 2)
  await clock.advance(999)
  expect(batches).toEqual([])
  await clock.advance(1)
  expect(batches).toEqual([[1, 2]])
  await queue.add('index', 3)
  await clock.advance(5000)
  expect(batches).toEqual([[1, 2], [3]])
  stop.abort()
  await clock.advance(1000)
  await running
  expect((await queue.counts()).completed).toBe(3)
})

test('a full batch goes at once, and those that wait go with a stop, their attempts kept', async () => {
  const { clock, batches, release, queue, stop, running } = fixture({ size: 2, wait: '1m' })
  release.resolve()
  await queue.addBulk([1, 2, 3].map((data) => ({ name: 'index' as const, data })))
  await clock.advance(0)
  expect(batches).toEqual([[1, 2]])
  stop.abort()
  await clock.advance(0)
  await new Promise(setImmediate)
  await clock.advance(1000)
  await running
  expect(batches).toEqual([[1, 2], [3]])
  expect((await queue.counts()).completed).toBe(3)
})

test('a job that is cancelled before its batch goes leaves it; the batch stops once all have', async () => {
  const { clock, batches, signals, release, queue, stop, running } = fixture({
    size: 3,
    wait: '1m',
  })
  const [first] = await queue.addBulk([1, 2].map((data) => ({ name: 'index' as const, data })))
  await clock.advance(0)
  await queue.cancel(first?.id ?? '')
  // The worker hears of it as it renews its leases.
  await clock.advance(10_000)
  expect((await queue.get(first?.id ?? ''))?.state).toBe('cancelled')
  const others = await queue.addBulk([3, 4].map((data) => ({ name: 'index' as const, data })))
  await clock.advance(10_000)
  expect(batches).toEqual([[2, 3, 4]])
  await queue.cancel(others[0]?.id ?? '')
  await clock.advance(10_000)
  expect(signals.map(({ aborted }) => aborted)).toEqual([false, false, true, false])
  stop.abort()
  await clock.advance(11_000)
  await running
  expect(signals.every(({ aborted }) => aborted)).toBe(true)
  release.resolve()
  expect((await queue.counts()).ready).toBe(2)
})
