import { expect, test } from 'vitest'
import { memory } from '../../runtime/backends/memory/index.ts'
import type { Backend } from '../../runtime/ports/backend.ts'
import { createFakeClock } from '../../testing/fake-clock.ts'
import { defineJob } from './define-job.ts'
import { JobQueue } from './job-queue.ts'

/** A queue with three pages of dead jobs, whose wakes are counted. */
async function deadQueue() {
  const clock = createFakeClock()
  const held = memory({ clock })
  const wakes: string[] = []
  const backend: Backend = {
    ...held,
    waker: { ...held.waker, wake: async (queue) => void wakes.push(queue) },
  }
  const jobs = {
    bad: defineJob({
      run: () => {
        throw new Error('Broken')
      },
    }),
  }
  const queue = new JobQueue({ name: 'q', backend, jobs, clock, report: () => undefined })
  for (let page = 0; page < 3; page++)
    await queue.addBulk(
      Array.from({ length: 100 }, (_, data) => ({
        ...{ name: 'bad' as const, data: 100 * page + data },
        options: { attempts: 1 },
      })),
    )
  await queue.drain()
  wakes.length = 0
  return { queue, wakes }
}

test('redrive() whose filter throws, or rejects, says so and wakes for what is ready by then', async () => {
  const thrown = new Error('Cannot look')
  for (const fail of [() => Promise.reject(thrown), () => raise(thrown)]) {
    const { queue, wakes } = await deadQueue()
    let asked = 0
    const redriving = queue.redrive({
      perSecond: Infinity,
      filter: () => (asked++ < 150 ? true : fail()),
    })
    await expect(redriving).rejects.toBe(thrown)
    const { ready } = await queue.counts()
    expect([ready > 0 && ready < 300, wakes]).toEqual([true, ['q']])
  }
})

test('redrive() ends with its signal though its filter never answers, and wakes nobody for nothing', async () => {
  const { queue, wakes } = await deadQueue()
  const stop = new AbortController()
  const asked = Promise.withResolvers<void>()
  const redriving = queue.redrive({
    signal: stop.signal,
    filter: () => {
      asked.resolve()
      return new Promise<boolean>(() => undefined)
    },
  })
  await asked.promise
  stop.abort()
  expect([await redriving, (await queue.counts()).dead, wakes]).toEqual([0, 300, []])
})

function raise(thrown: unknown): never {
  throw thrown
}
