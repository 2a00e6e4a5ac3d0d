import type { StoreEntry } from '../../ports/atomic-store/atomic-store.ts'
import { expect, test } from 'vitest'
import { useRedis } from '../../../../test/support/use-redis.ts'
import type { ClaimedJob, QueueStore } from '../../ports/job-store/job-store.ts'
import { JOB_STATES, RECORD_UNREADABLE_ERROR } from '../../ports/job-store/job-state.ts'
import { clockOffset } from './clock-offset.ts'
import { redis } from './redis.ts'

const LEASE_MS = 30_000
const KEPT_MS = 3_600_000

const used = useRedis()
let offset = 0

function open(): QueueStore {
  return redis(used.connection, { [clockOffset]: () => offset }).jobStore.queue('q')
}

async function claim(queue: QueueStore, limit = 100): Promise<readonly ClaimedJob[]> {
  return (await queue.exchange({ claim: { limit, leaseMs: LEASE_MS } })).claimed
}

async function settle(queue: QueueStore, jobs: readonly ClaimedJob[]): Promise<void> {
  await queue.exchange({
    settle: jobs.map(({ id, token }) => ({ id, token, outcome: { to: 'completed' } })),
  })
}

function key(part: string): string {
  return `reuse:{queue:q}:${part}`
}

/** Reads a queue in every way there is; none of these may fail for what one record is. */
async function readEverything(queue: QueueStore, id: string): Promise<void> {
  for (const state of JOB_STATES) await queue.list({ state })
  await queue.get(id)
  await queue.counts()
  await queue.children(id)
  await queue.events()
}

const FAULTS: readonly (readonly [string, (id: string) => readonly string[]])[] = [
  ['the body is gone', (id) => ['HDEL', key('bodies'), id]],
  ['the body is no JSON', (id) => ['HSET', key('bodies'), id, '=["n",\nnull,\n{"a":]']],
  ['the body is another thing', (id) => ['HSET', key('bodies'), id, '=[1,\n2,\n3]']],
  ['the body is half written', (id) => ['HSET', key('bodies'), id, '=["n']],
  ['the facts are gone', (id) => ['HDEL', key('jobs'), id]],
  ['the facts are of a newer kind', (id) => ['HSET', key('jobs'), id, 'z2 {"state":"ready"}']],
  ['the facts have a state that nobody knows', (id) => ['HSET', key('jobs'), id, 'q 0 0 1 0 - 0']],
]

test.for(FAULTS)(
  'a ready job of which %s is parked, and those behind it run',
  async ([, fault]) => {
    const queue = open()
    await queue.command({ type: 'record', keep: 100 })
    await queue.add(['a', 'b', 'c'].map((id) => ({ id, name: 'n', data: id })))
    await used.admin.send(fault('=a'))
    await readEverything(queue, 'a')

    expect((await claim(queue)).map(({ id }) => id)).toEqual(['b', 'c'])
    await readEverything(queue, 'a')
    expect(await queue.counts()).toMatchObject({ ready: 0, active: 2, parked: 1 })
    const { jobs } = await queue.list({ state: 'parked' })
    expect(jobs).toMatchObject([{ id: 'a', state: 'parked', lastError: RECORD_UNREADABLE_ERROR }])
    expect(await queue.get('a')).toMatchObject({ id: 'a', lastError: RECORD_UNREADABLE_ERROR })

    // What an operator may try changes nothing for the others, and it can be taken out.
    await queue.command({ type: 'change', ids: ['a'], data: 1 })
    await queue.command({ type: 'retry', ids: ['a'] })
    await claim(queue)
    await queue.command({ type: 'remove', ids: ['a'] })
    const { parked, active } = await queue.counts()
    expect(parked + active).toBe((await queue.get('a')) === null ? 2 : 3)
    expect(await queue.command({ type: 'purge', state: 'parked', limit: 10 })).toBe(parked)
  },
)

test.for(FAULTS)('a job of which %s is never in the way where it waits', async ([, fault]) => {
  const queue = open()
  await queue.add([
    { id: 'due', name: 'n', data: 0, delayMs: KEPT_MS },
    { id: 'lost', name: 'n', data: 0, maxAttempts: 5 },
    { id: 'held', name: 'n', data: 0, group: { key: 'g', limit: 1 }, priority: 2 },
    { id: 'behind', name: 'n', data: 0, group: { key: 'g', limit: 1 }, priority: 2 },
    { id: 'last', name: 'n', data: 0, group: { key: 'g', limit: 1 }, priority: 2 },
    { id: 'done', name: 'n', data: 0, priority: 3, keepCompletedMs: KEPT_MS },
  ])
  const first = await queue.exchange({ claim: { limit: 1, leaseMs: 1 } })
  expect(first.claimed).toMatchObject([{ id: 'lost' }])
  for (const id of ['due', 'lost', 'behind']) await used.admin.send(fault(`=${id}`))
  const now = Number(((await used.admin.send(['TIME'])) as readonly string[])[0]) * 1000
  for (const [part, id] of [
    ['scheduled', 'due'],
    ['active', 'lost'],
  ] as const) {
    const [member = ''] = (await used.admin.send(['ZRANGE', key(part), '0', '0'])) as string[]
    expect(member.slice(16)).toBe(`=${id}`)
    await used.admin.send(['ZADD', key(part), String(now - 10_000), member])
  }
  const seen: string[] = []
  for (let round = 0; round < 6; round++) {
    const claimed = await claim(queue)
    seen.push(...claimed.map(({ id }) => id))
    await readEverything(queue, 'lost')
    await settle(queue, claimed)
  }
  expect(seen.toSorted()).toEqual(['done', 'held', 'last'])
  expect(await queue.counts()).toMatchObject({ parked: 3, completed: 1, ready: 0, active: 0 })

  await used.admin.send(fault('=done'))
  await readEverything(queue, 'done')
  expect((await queue.list({ state: 'completed' })).jobs).toHaveLength(1)
  expect(await queue.command({ type: 'purge', state: 'completed', limit: 9 })).toBe(1)
  expect(await queue.counts()).toMatchObject({ completed: 0 })
})

test('a queue whose bodies are gone altogether parks them all, a bounded number in each call', async () => {
  const queue = open()
  const many = Array.from({ length: 1000 }, () => ({ name: 'n', data: 0 }))
  for (let round = 0; round < 3; round++) await queue.add(many)
  await used.admin.send(['DEL', key('bodies')])
  let calls = 0
  for (let wake: number | null = 0; wake === 0; calls++) {
    const { claimed, wakeInMs } = await queue.exchange({ claim: { limit: 10, leaseMs: LEASE_MS } })
    expect(claimed).toEqual([])
    wake = wakeInMs
  }
  expect(await queue.counts()).toMatchObject({ ready: 0, parked: 3000 })
  expect(calls).toBeLessThanOrEqual(4)
})

test('a server that refuses a command midway leaves no job that is in the way', async () => {
  await used.admin.send([
    ...['ACL', 'SETUSER', 'narrow', 'on', '>narrow', '~*', '&*', '+@all', '-hset'],
  ])
  const narrow = used.connection.duplicate({ username: 'narrow', password: 'narrow' })
  try {
    const queue = open()
    for (const denied of ['hset', 'zadd', 'zrem', 'zremrangebyrank']) {
      await used.admin.send(['ACL', 'SETUSER', 'narrow', '+@all', `-${denied}`])
      const refused = redis(narrow, { [clockOffset]: () => offset }).jobStore.queue('q')
      await refused.add([{ id: `x-${denied}`, name: 'n', data: 0, maxAttempts: 5 }]).catch(() => {})
      const taken = await claim(refused).catch(() => [])
      await readEverything(queue, `x-${denied}`)
      await queue.add([{ id: `x-${denied}`, name: 'n', data: 0, maxAttempts: 5 }])
      const ids: string[] = taken.map(({ id }) => id)
      await settle(queue, taken)
      // One that was taken before the command was refused comes back when its lease ends.
      offset += LEASE_MS
      for (let round = 0; round < 3; round++) {
        const claimed = await claim(queue)
        ids.push(...claimed.map(({ id }) => id))
        await settle(queue, claimed)
      }
      expect([denied, ids]).toEqual([denied, [`x-${denied}`]])
      const { parked, ready, active } = await queue.counts()
      expect([denied, parked, ready, active]).toEqual([denied, 0, 0, 0])
    }
  } finally {
    narrow.disconnect()
  }
})

test('an entry that is no JSON is a typed error without its text, and can be written anew', async () => {
  const part = redis(used.connection).store.partition('p')
  const set = [{ key: 'k', value: 1 }]
  await part.commit({ set })
  await used.admin.send(['HSET', 'reuse:{store:p}:entries', '=k', '1 0 {"secret":'])
  const failed = await part.get('k').catch((error: unknown) => error)
  expect(failed).toMatchObject({ name: 'BackendError', code: 'backend_failed' })
  expect(String(failed)).not.toContain('secret')
  await part.commit({ set })
  expect(await part.get('k')).toMatchObject({ value: 1 })
})

test('list() and getMany() go on past broken entries, and list() names them on every page', async () => {
  const part = redis(used.connection).store.partition('p')
  const keys = ['a', 'b', 'c', 'd', 'e']
  await part.commit({ set: keys.map((key) => ({ key, value: key })) })
  const entries = 'reuse:{store:p}:entries'
  await used.admin.send(['HSET', entries, '=b', '1 0 {"secret":', '=d', 'nothing', '=e', '7'])
  const values = (found: readonly (StoreEntry | null)[]): readonly unknown[] =>
    found.map((entry) => entry?.value ?? null)
  expect(values(await part.getMany(keys))).toEqual(['a', null, 'c', null, null])
  const whole = await part.list()
  expect([values(whole.entries), whole.unreadable]).toEqual([
    ['a', 'c'],
    ['b', 'd', 'e'],
  ])
  const seen: string[] = []
  for (let cursor: string | null | undefined; cursor !== null;) {
    const page = await part.list({ limit: 1, ...(cursor !== undefined && { cursor }) })
    seen.push(...page.entries.map(({ key }) => key), ...(page.unreadable ?? []))
    ;({ cursor } = page)
  }
  expect(seen).toEqual(keys)
  await expect(part.get('d')).rejects.toMatchObject({ code: 'backend_failed' })
  await part.commit({ delete: ['b', 'd', 'e'] })
  expect(await part.list()).toEqual({ entries: whole.entries, cursor: null })
})

test('keeping a number of ended jobs costs as many commands whether 200 or 2,000 are kept', async () => {
  const costOf = async (name: string, kept: number): Promise<number> => {
    const queue = redis(used.connection).jobStore.queue(name)
    const job = { name: 'n', data: 0, keepCompletedMs: KEPT_MS, keepCompletedCount: kept }
    for (let done = 0; done < kept; done += 100) {
      await queue.add(Array.from({ length: 100 }, () => job))
      await settle(queue, await claim(queue))
    }
    await queue.add([job])
    const claimed = await claim(queue)
    await used.admin.send(['CONFIG', 'RESETSTAT'])
    await settle(queue, claimed)
    const stats = String(await used.admin.send(['INFO', 'commandstats']))
    expect((await queue.counts()).completed).toBe(kept)
    return [...stats.matchAll(/^cmdstat_(?!config|info)\S+?:calls=(\d+)/gm)].reduce(
      (sum, [, calls]) => sum + Number(calls),
      0,
    )
  }
  expect(await costOf('ten', 2000)).toBe(await costOf('one', 200))
})
