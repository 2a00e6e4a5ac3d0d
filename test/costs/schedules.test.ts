import { expect, test } from 'vitest'
import { memory } from '../../src/runtime/backends/memory/index.ts'
import type { Backend } from '../../src/runtime/ports/backend.ts'
import type { StorePartition } from '../../src/runtime/ports/atomic-store/atomic-store.ts'
import type { QueueStore } from '../../src/runtime/ports/job-store/job-store.ts'
import { defineJob, JobQueue } from '../../src/services/background-jobs/index.ts'
import { createFakeClock, createSeededRandom } from '../../src/testing/index.ts'

const ROUNDS = 3
const EVERY_MS = 3000

/** How often each method was called, and how many of them waited for the store at once. */
interface Calls {
  readonly count: Map<string, number>
  most: number
}

function counted<Target extends object>(target: Target, calls: Calls): Target {
  let waiting = 0
  return new Proxy(target, {
    get(of, name) {
      const method: unknown = Reflect.get(of, name)
      if (typeof method !== 'function') return method
      return async (...args: unknown[]) => {
        calls.count.set(String(name), (calls.count.get(String(name)) ?? 0) + 1)
        calls.most = Math.max(calls.most, ++waiting)
        try {
          return await (Reflect.apply(method, of, args) as Promise<unknown>)
        } finally {
          waiting--
        }
      }
    },
  })
}

/** Lets so many schedules tick some rounds; each tick has its run before the next is due. */
async function tick(schedules: number): Promise<Calls> {
  const clock = createFakeClock()
  const calls: Calls = { count: new Map(), most: 0 }
  const inner = memory({ clock })
  let counting = false
  const watch = <Target extends StorePartition | QueueStore>(target: Target): Target => {
    const watched = counted(target, calls)
    return new Proxy(target, {
      get: (of, name) => Reflect.get(counting ? watched : of, name) as unknown,
    })
  }
  const backend: Backend = {
    ...inner,
    store: { partition: (name) => watch(inner.store.partition(name)) },
    jobStore: { queue: (name) => watch(inner.jobStore.queue(name)) },
  }
  let runs = 0
  const queue = new JobQueue({
    name: 'q',
    backend,
    clock,
    random: createSeededRandom(1),
    jobs: { note: defineJob({ run: () => void runs++ }) },
  })
  const job = { name: 'note', data: null } as const
  for (let id = 0; id < schedules; id++) await queue.schedule(`s${id}`, { every: EVERY_MS }, job)
  counting = true
  for (let round = 1; round <= ROUNDS; round++) {
    await clock.advance(EVERY_MS)
    await queue.drain()
    expect(runs).toBe(round * schedules)
  }
  return calls
}

test('10,000 schedules that tick every 3 s keep up, each tick at as many calls as one of 100', async () => {
  const [few, many] = [await tick(100), await tick(10_000)]
  const perTick = (calls: Calls, schedules: number): Record<string, number> =>
    Object.fromEntries(
      ['get', 'commit', 'add'].map((name) => [
        name,
        Math.round(((calls.count.get(name) ?? 0) / schedules / ROUNDS) * 10) / 10,
      ]),
    )
  expect(perTick(many, 10_000)).toEqual(perTick(few, 100))
  expect(perTick(many, 10_000)).toEqual({ get: 2, commit: 2, add: 1 })
  // Steps of workers are shared: about one for each 256 ticks and one for each 16 runs.
  expect((many.count.get('exchange') ?? 0) / 10_000 / ROUNDS).toBeLessThan(0.2)
  // What waits at once shares one wait of a disk.
  expect(many.most).toBeGreaterThanOrEqual(200)
})
