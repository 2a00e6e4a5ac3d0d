import {
  expectEqual,
  expectRejection,
  expectTrue,
  type Law,
} from '../../../src/runtime/ports/conformance.ts'
import type {
  ClaimedJob,
  NewJob,
  QueueStore,
} from '../../../src/runtime/ports/job-store/job-store.ts'

/** An empty queue over four shards. */
export interface ShardedQueueHarness {
  openSharded(): Promise<QueueStore>
}

const DONE = { to: 'completed' } as const
const LEASE_MS = 60_000

/** What a queue over several shards promises still, on each backend that has them. */
export const shardedQueueLaws: readonly Law<ShardedQueueHarness>[] = [
  {
    name: 'a queue of several shards adds, finds, claims, lists and settles each job once',
    async run({ openSharded }) {
      const queue = await openSharded()
      for (let batch = 0; batch < 8; batch++) await queue.add(many('n', 5))
      const own = many('own', 20).map((job, index) => ({ ...job, id: `order/${index}` }))
      expectEqual(
        (await queue.add(own)).jobs,
        own.map(({ id }) => ({ id, added: true })),
      )
      expectTrue(
        (await queue.add(own)).jobs.every(({ added }) => !added),
        'ids to be taken',
      )
      const twin = { name: 'twin', data: 1, deduplication: { id: 'd' } }
      const [first] = (await queue.add([twin])).jobs
      expectEqual((await queue.add([twin])).jobs, [{ id: first?.id, added: false }])
      expectEqual((await queue.counts()).ready, 61)
      const listed: string[] = []
      for (let cursor: string | undefined; ;) {
        const page = await queue.list({
          state: 'ready',
          limit: 7,
          ...(cursor !== undefined && { cursor }),
        })
        listed.push(...page.jobs.map(({ id }) => id))
        if (page.cursor === null) break
        cursor = page.cursor
      }
      expectEqual([listed.length, new Set(listed).size], [61, 61])
      for (const id of listed) expectEqual((await queue.get(id))?.id, id)
      expectEqual(await queue.command({ type: 'remove', ids: listed.slice(0, 11) }), 11)
      const claimed = await claimAll(queue, 3)
      expectEqual([claimed.length, new Set(claimed.map(({ id }) => id)).size], [50, 50])
      expectEqual((await queue.list({ state: 'active' })).jobs, [])
      await expectRejection(
        () => queue.add([{ ...twin, id: 'both' }]),
        (error) => error instanceof TypeError,
        'an id beside a deduplication id to be refused',
      )
    },
  },
  {
    name: 'the jobs of a group stay in the order of their adding over several shards, and its limit holds',
    async run({ openSharded }) {
      const queue = await openSharded()
      for (let number = 0; number < 6; number++)
        await queue.add(
          ['a', 'b', 'c'].map((key) => ({
            name: `${key}${number}`,
            data: null,
            group: { key, limit: 1 },
          })),
        )
      expectEqual(await queue.counts().then(({ ready, held }) => [ready, held]), [3, 15])
      const names = (await claimAll(queue, 8)).map(({ name }) => name)
      for (const key of ['a', 'b', 'c'])
        expectEqual(
          names.filter((name) => name.startsWith(key)),
          [0, 1, 2, 3, 4, 5].map((number) => `${key}${number}`),
        )
    },
  },
  {
    name: 'flows run children first over several shards, and a pause, the counts and the events reach all',
    async run({ openSharded }) {
      const queue = await openSharded()
      await queue.command({ type: 'record', keep: 1000 })
      for (let flow = 0; flow < 8; flow++)
        await queue.add([
          { name: 'root', data: null, id: `root/${flow}` },
          { name: 'leaf', data: null, parent: `root/${flow}` },
        ])
      await queue.command({ type: 'pause' })
      await queue.add(many('n', 4))
      const held = await queue.exchange({ claim: { limit: 100, leaseMs: LEASE_MS } })
      expectEqual([held.claimed, (await queue.counts()).paused], [[], true])
      await queue.command({ type: 'resume' })
      const names = (await claimAll(queue, 4)).map(({ name }) => name)
      expectEqual(names.filter((name) => name === 'root').length, 8)
      expectEqual(names.filter((name) => name === 'leaf').length, 8)
      const seen: string[] = []
      for (let after: string | undefined; ;) {
        const page = await queue.events({ limit: 9, ...(after !== undefined && { after }) })
        if (page.events.length === 0) break
        seen.push(...page.events.map(({ type, id }) => `${type} ${id}`))
        after = page.cursor
      }
      expectEqual(seen.filter((event) => event.startsWith('completed ')).length, 20)
      expectEqual(new Set(seen).size, seen.length)
      for (let flow = 0; flow < 8; flow++)
        expectTrue(
          seen.indexOf(`completed root/${flow}`) > seen.indexOf(`active root/${flow}`),
          'a job to be active before it is completed',
        )
    },
  },
]

/** Claims and completes until nothing waits. */
async function claimAll(queue: QueueStore, limit: number): Promise<readonly ClaimedJob[]> {
  const all: ClaimedJob[] = []
  for (let step = 0; step < 200; step++) {
    const { claimed, wakeInMs } = await queue.exchange({ claim: { limit, leaseMs: LEASE_MS } })
    expectTrue(claimed.length <= limit, 'a claim to be within its limit')
    if (claimed.length === 0 && wakeInMs === null) return all
    const { settled } = await queue.exchange({
      settle: claimed.map(({ id, token }) => ({ id, token, outcome: DONE })),
    })
    expectTrue(
      settled.every((fate) => fate === 'settled'),
      'each to be settled',
    )
    all.push(...claimed)
  }
  return all
}

function many(name: string, count: number): readonly NewJob[] {
  return Array.from({ length: count }, (_, index) => ({ name, data: index }))
}
