import { expect, test, vi } from 'vitest'
import { createFakeClock } from '../../testing/fake-clock.ts'
import { memory } from '../../runtime/backends/memory/index.ts'
import { defineJob } from './define-job.ts'
import { JobQueue } from './job-queue.ts'

test('run() waits five seconds at most for a store that does not take its limits', async () => {
  for (const kinds of [['limited'], ['limited', 'plain']] as const) {
    const clock = createFakeClock()
    const backend = memory({ clock })
    const silent = {
      ...backend,
      store: {
        partition: (name: string) => ({
          ...backend.store.partition(name),
          getMany: () => new Promise<never>(() => undefined),
        }),
      },
    }
    const ran: string[] = []
    const queue = new JobQueue({
      name: 'work',
      backend: silent,
      clock,
      jobs: {
        limited: defineJob({
          concurrency: { limit: 2 },
          run: ({ name }) => void ran.push(name),
        }),
        plain: defineJob({ run: ({ name }) => void ran.push(name) }),
      },
    })
    for (const name of kinds) await queue.add(name, null)
    const stop = new AbortController()
    const working = queue.run({ signal: stop.signal, grace: 0 })
    await vi.dynamicImportSettled()
    await clock.advance(4999)
    expect(ran).toEqual([])
    for (let step = 0; step < 20; step++) await clock.advance(1000)
    expect(ran.toSorted()).toEqual(kinds)
    stop.abort()
    await clock.advance(1000)
    await working
  }
})
