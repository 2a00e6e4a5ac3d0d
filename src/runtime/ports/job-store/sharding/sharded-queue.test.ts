import { expect, test } from 'vitest'
import { sqlite } from '../../../backends/sqlite/index.ts'
import { positionOfJobId } from '../../../backends/sqlite/job-store/job-position.ts'
import type { NewJob, QueueStore } from '../job-store.ts'
import { createShardedQueue } from './sharded-queue.ts'

function openShards(count: number): QueueStore[] {
  return Array.from({ length: count }, () => sqlite(':memory:').jobStore.queue('q'))
}

function shardedQueue(shards: readonly QueueStore[], fraction: () => number): QueueStore {
  return createShardedQueue(shards, (id) => positionOfJobId(id) !== null, fraction)
}

function jobs(count: number, extra: Partial<NewJob> = {}): NewJob[] {
  return Array.from({ length: count }, (_, index) => ({ name: `n${index}`, data: index, ...extra }))
}

test('add() gives a batch to one shard, the next each time', async () => {
  const shards = openShards(3)
  const queue = shardedQueue(shards, () => 0)
  for (let batch = 0; batch < 6; batch++) await queue.add(jobs(2))
  const ready = await Promise.all(shards.map(async (shard) => (await shard.counts()).ready))
  expect(ready).toEqual([4, 4, 4])
})

test('exchange() divides a claim, and settles and extends where the jobs are', async () => {
  const queue = shardedQueue(openShards(3), () => 0.99)
  for (let batch = 0; batch < 3; batch++) await queue.add(jobs(5))
  const { claimed } = await queue.exchange({ claim: { limit: 7, leaseMs: 60_000 } })
  expect(claimed).toHaveLength(7)
  const [first, second, ...rest] = claimed.map(({ id, token }) => ({ id, token }))
  const lost = { id: 'nobody', token: 1 }
  const result = await queue.exchange({
    settle: [...rest, lost].map((held) => ({ ...held, outcome: { to: 'completed' } })),
    extend: [lost, first, second].flatMap((held) => (held ? [{ ...held, leaseMs: 90_000 }] : [])),
  })
  expect(result.settled).toEqual([...rest.map(() => 'settled'), 'lost'])
  expect(result.extended).toEqual(['lost', 'extended', 'extended'])
  expect(result.wakeInMs).toBe(0)
  expect(await queue.counts()).toMatchObject({ ready: 8, active: 2, paused: false })
})

test('jobs added to one shard are found after the queue got more', async () => {
  const shards = openShards(4)
  const [first] = shards
  const before = await first?.add(jobs(3))
  const queue = shardedQueue(shards, () => 0)
  for (const { id } of before?.jobs ?? []) {
    const record = await queue.get(id)
    expect(record).toMatchObject({ id: `${id}~0`, state: 'ready' })
    expect(await queue.command({ type: 'cancel', ids: [id] })).toBe(1)
  }
})

test('purge takes no more than its limit over all shards, pause and resume reach all', async () => {
  const queue = shardedQueue(openShards(3), () => 0)
  for (let batch = 0; batch < 3; batch++) await queue.add(jobs(4))
  expect(await queue.command({ type: 'purge', state: 'ready', limit: 6 })).toBe(6)
  expect(await queue.command({ type: 'purge', state: 'ready', limit: 100 })).toBe(6)
  await queue.command({ type: 'pause' })
  await queue.add(jobs(3))
  const paused = await queue.exchange({ claim: { limit: 9, leaseMs: 1000 } })
  expect([paused.claimed, paused.wakeInMs]).toEqual([[], null])
  await queue.command({ type: 'resume' })
  const resumed = await queue.exchange({ claim: { limit: 9, leaseMs: 1000 } })
  expect(resumed.claimed).toHaveLength(3)
})

test('list() goes through the shards, without an empty page between', async () => {
  const shards = openShards(3)
  await shards[2]?.add(jobs(3))
  const queue = shardedQueue(shards, () => 0)
  const page = await queue.list({ state: 'ready', limit: 2 })
  expect(page.jobs.map(({ name }) => name)).toEqual(['n0', 'n1'])
  const last = await queue.list({ state: 'ready', limit: 2, cursor: page.cursor ?? '' })
  expect([last.jobs.length, last.cursor]).toEqual([1, null])
  expect(await queue.list({ state: 'dead' })).toEqual({ jobs: [], cursor: null })
})

test('add() keeps a flow in one shard, where every id that it answers is found', async () => {
  const shards = openShards(5)
  const queue = shardedQueue(shards, () => 0)
  for (let flow = 0; flow < 8; flow++) {
    const root = { name: 'root', data: null, id: `root/${flow}`, keepCompletedMs: 60_000 }
    const mid = { name: 'mid', data: null, id: `mid/${flow}`, parent: root.id }
    const leaf = { name: 'leaf', data: null, parent: mid.id }
    const added = await queue.add([root, mid, leaf, leaf])
    const ids = added.jobs.map(({ id }) => id)
    expect(ids[0]).toBe(root.id)
    const holding = await Promise.all(shards.map((shard) => shard.get(mid.id)))
    expect(holding.filter((record) => record !== null)).toHaveLength(1)
    const states = await Promise.all(ids.map(async (id) => (await queue.get(id))?.state))
    expect(states).toEqual(['blocked', 'blocked', 'ready', 'ready'])
    expect((await queue.add([root, mid, leaf])).jobs.map((answer) => answer.added)).toEqual([
      false,
      false,
      false,
    ])
    for (let step = 0; step < 4; step++) {
      const { claimed } = await queue.exchange({ claim: { limit: 1, leaseMs: 60_000 } })
      const settle = claimed.map(({ id, token, name }) => {
        expect(ids).toContain(id)
        return { id, token, outcome: { to: 'completed', result: name } as const }
      })
      if (claimed.length === 0) step--
      else expect((await queue.exchange({ settle })).settled).toEqual(['settled'])
    }
    expect(await queue.children(root.id)).toEqual([
      { id: ids[1], name: 'mid', state: 'completed', result: 'mid', error: null },
    ])
  }
})

test('add() keeps the jobs of a group in one shard, so that its limit holds', async () => {
  const shards = openShards(3)
  const queue = shardedQueue(shards, () => 0)
  for (let batch = 0; batch < 3; batch++)
    await queue.add(jobs(4, { group: { key: 'tenant', limit: 2 } }))
  expect(await queue.counts()).toMatchObject({ ready: 2, held: 10 })
  for (let batch = 0; batch < 20; batch++)
    await queue.add(jobs(1, { group: { key: `tenant/${batch}`, limit: 1 } }))
  const ready = await Promise.all(shards.map(async (shard) => (await shard.counts()).ready))
  expect(ready.every((count) => count > 0)).toBe(true)
})

test.each([
  { group: { key: 'g', limit: 1 }, deduplication: { id: 'd' } },
  { group: { key: 'g', limit: 1 }, id: 'x' },
  { deduplication: { id: 'd' }, parent: 'root' },
  { group: { key: 'g', limit: 1 }, parent: 'root' },
])('add() refuses a job whose shard would be chosen twice: %j', async (extra) => {
  const queue = shardedQueue(openShards(2), () => 0)
  const batch = [{ name: 'root', data: 1, id: 'root' }, ...jobs(1, extra)]
  await expect(queue.add(batch)).rejects.toThrow(TypeError)
  expect((await queue.counts()).ready).toBe(0)
})

test('add() refuses an id that could not be told from one of a flow', async () => {
  const queue = shardedQueue(openShards(2), () => 0)
  await expect(queue.add(jobs(1, { id: 'x~~1' }))).rejects.toThrow(RangeError)
})

test('exchange() gives back with its attempt what was claimed, where a shard fails, and throws', async () => {
  const [first, ...others] = openShards(3)
  if (first === undefined) throw new Error('no shard')
  const failing = {
    ...first,
    exchange: () => Promise.reject(new Error('no answer')),
  }
  await shardedQueue([first, ...others], () => 0).add(jobs(3))
  for (const shard of others) await shard.add(jobs(3))
  const queue = shardedQueue([failing, ...others], () => 0)
  const claim = { limit: 9, leaseMs: 60_000 }
  await expect(queue.exchange({ claim })).rejects.toThrow('no answer')
  const healed = await shardedQueue([first, ...others], () => 0).exchange({ claim })
  expect(healed.claimed.map(({ attempt }) => attempt)).toEqual(healed.claimed.map(() => 1))
  expect(healed.claimed.length).toBeGreaterThanOrEqual(6)
})
