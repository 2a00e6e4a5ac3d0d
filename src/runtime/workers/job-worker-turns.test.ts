import { setImmediate } from 'node:timers'
import { expect, test } from 'vitest'
import { memory } from '../backends/memory/index.ts'
import { systemClock } from '../ports/platform/clock.ts'
import type { QueueStore } from '../ports/job-store/job-store.ts'
import { createJobWorker } from './job-worker.ts'

test('drain() settles in one exchange what ends in one turn of the event loop, each on its own', async () => {
  const jobStore = memory().jobStore.queue('q')
  const settled: number[] = []
  const counted: QueueStore = {
    ...jobStore,
    exchange: (exchange) => {
      settled.push(exchange.settle?.length ?? 0)
      return jobStore.exchange(exchange)
    },
  }
  await jobStore.add(Array.from({ length: 10 }, () => ({ name: 'n', data: null })))
  const worker = createJobWorker({
    processor: {
      queue: 'q',
      // Node lets promises go on after each of these, as after each answer from the network.
      process: () => new Promise((end) => void setImmediate(() => end({ to: 'completed' }))),
    },
    jobStore: counted,
    clock: systemClock,
  })
  expect(await worker.drain()).toBe(10)
  expect(settled.filter((count) => count > 0)).toEqual([10])
})
