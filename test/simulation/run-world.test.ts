import { expect, test } from 'vitest'
import { memory } from '../../src/runtime/backends/memory/index.ts'
import type { StorePartition } from '../../src/runtime/ports/atomic-store/atomic-store.ts'
import type { Backend } from '../../src/runtime/ports/backend.ts'
import type { AddResult, NewJob, QueueStore } from '../../src/runtime/ports/job-store/job-store.ts'
import { createFakeClock, createSeededRandom } from '../../src/testing/index.ts'
import { runWorld } from './run-world.ts'

/** Lives through one world on a memory backend of its own, whose job store may be spoiled. */
async function live(
  seed: number,
  spoil: (jobStore: QueueStore) => Partial<QueueStore> = () => ({}),
  spoilBackend: (backend: Backend) => Backend = (backend) => backend,
): Promise<readonly string[]> {
  const clock = createFakeClock()
  const harness = {
    clock,
    advance: clock.advance,
    async open() {
      const backend = memory({ clock, random: createSeededRandom() })
      const queue = (name: string): QueueStore => {
        const jobStore = backend.jobStore.queue(name)
        return { ...jobStore, ...spoil(jobStore) }
      }
      return spoilBackend({ ...backend, jobStore: { queue } })
    },
  }
  return runWorld({ seed, harness, curiosity: 0.3 })
}

/** A job store that adds every job a little differently. */
const adding =
  (change: (job: NewJob) => NewJob) =>
  ({ add }: QueueStore): Partial<QueueStore> => ({ add: (jobs) => add(jobs.map(change)) })

const spoiled: Readonly<Record<string, (jobStore: QueueStore) => Partial<QueueStore>>> = {
  'loses a job': ({ command, add, exchange }) => ({
    async add(jobs) {
      const { jobs: added } = await add(jobs)
      await command({ type: 'remove', ids: added.map(({ id }) => id) })
      return { jobs: added, wakeInMs: (await exchange({})).wakeInMs }
    },
  }),
  'takes the settlement of an old token': ({ exchange, get }) => ({
    async exchange({ settle = [], ...rest }) {
      const current = settle.map(async (one) => ({
        ...one,
        token: (await get(one.id))?.token ?? one.token,
      }))
      return exchange({ ...rest, settle: await Promise.all(current) })
    },
  }),
  'says that a settlement was taken': ({ exchange }) => ({
    async exchange(asked) {
      const answer = await exchange(asked)
      return { ...answer, settled: answer.settled.map(() => 'settled' as const) }
    },
  }),
  'ends leases too soon': ({ exchange }) => ({
    exchange: ({ claim, ...rest }) =>
      exchange({ ...rest, ...(claim !== undefined && { claim: { ...claim, leaseMs: 2000 } }) }),
  }),
  'forgets the wake': ({ exchange }) => ({
    exchange: async (asked) => ({ ...(await exchange(asked)), wakeInMs: null }),
  }),
  'wakes late': ({ add }) => ({
    async add(jobs) {
      const answer = await add(jobs)
      return { ...answer, wakeInMs: answer.wakeInMs === null ? null : answer.wakeInMs + 50 }
    },
  }),
  'allows one attempt more': adding((job) => ({ ...job, maxAttempts: (job.maxAttempts ?? 1) + 1 })),
  'keeps no limit of a group': adding(({ group: _group, ...job }) => job),
  'drops no duplicate': adding(({ deduplication: _deduplication, ...job }) => job),
  'lets a parent run before its children': adding(({ parent: _parent, ...job }) => job),
  'lets a parent run though a child failed': adding((job) => ({ ...job, onFailure: 'ignore' })),
  'runs delayed jobs at once': adding(({ delayMs: _delayMs, ...job }) => job),
  'goes on while it is paused': ({ command, exchange }) => ({
    async exchange(asked) {
      await command({ type: 'resume' })
      return exchange(asked)
    },
  }),
  'keeps what was cancelled': ({ command }) => ({
    command: async (asked) => (asked.type === 'cancel' ? asked.ids.length : command(asked)),
  }),
}

/** The partitions of one service, changed. */
const changing =
  (family: string, change: (partition: StorePartition) => Partial<StorePartition>) =>
  (backend: Backend): Backend => ({
    ...backend,
    store: {
      partition(name) {
        const partition = backend.store.partition(name)
        return name.startsWith(family) ? { ...partition, ...change(partition) } : partition
      },
    },
  })

const spoiledBackends: Readonly<Record<string, (backend: Backend) => Backend>> = {
  'gives a lock to whoever asks': changing('locks', ({ commit }) => ({
    commit: ({ check: _check, ...rest }) => commit(rest),
  })),
  'gives a token twice': changing('locks', ({ commit }) => ({
    async commit(change) {
      const answer = await commit(change)
      return answer.ok ? { ...answer, version: 7 } : answer
    },
  })),
  'keeps nothing of a saga': changing('sagas', () => {
    let version = 0
    return { commit: async () => ({ ok: true, version: ++version }) }
  }),
  'loses what was to be delivered': (backend) => ({
    ...backend,
    jobStore: {
      queue(name) {
        const queue = backend.jobStore.queue(name)
        if (name !== 'webhooks.deliveries') return queue
        return { ...queue, add: async (jobs) => lost(await queue.add(jobs), queue) }
      },
    },
  }),
  'keeps no record of a delivery': changing('webhooks:deliveries', ({ commit }) => ({
    commit: ({ set = [], ...rest }) =>
      commit({ ...rest, set: set.filter(({ key }) => !key.startsWith('delivery/')) }),
  })),
}

async function lost(answer: AddResult, queue: QueueStore): Promise<AddResult> {
  await queue.command({ type: 'remove', ids: answer.jobs.map(({ id }) => id) })
  return answer
}

/** Worlds after which a spoiled job store must have been noticed. */
const MOST_SEEDS = 100

test('runWorld() does the same twice, for one seed', async () => {
  expect(await live(5)).toEqual(await live(5))
  expect(await live(6)).not.toEqual(await live(5))
})

for (const [what, spoil] of Object.entries(spoiled))
  test(`runWorld() tells the seed, when the jobStore ${what}`, async () => {
    let objection = ''
    for (let seed = 1; seed <= MOST_SEEDS && objection === ''; seed++)
      objection = await live(seed, spoil).then(
        () => '',
        (error: unknown) => String(error),
      )
    expect(objection).toMatch(/^Error: Expected .*, at seed \d+, step/)
  })

for (const [what, spoil] of Object.entries(spoiledBackends))
  test(`runWorld() tells the seed, when the backend ${what}`, async () => {
    let objection = ''
    for (let seed = 1; seed <= MOST_SEEDS && objection === ''; seed++)
      objection = await live(seed, undefined, spoil).then(
        () => '',
        (error: unknown) => String(error),
      )
    expect(objection).toMatch(/^Error: Expected .*, at seed \d+, step/)
  })
