import { beforeEach, expect, test } from 'vitest'
import { useRedis } from '../../../../test/support/use-redis.ts'
import type { ClaimedJob, QueueStore } from '../../ports/job-store/job-store.ts'
import { redis, type RedisBackend } from './redis.ts'
import { clockOffset } from './clock-offset.ts'
import { REPLY_BYTES } from './script.ts'

const HOUR_MS = 3_600_000
const LEASE_MS = 30_000

const used = useRedis()
let calls = 0
let offset = 0

beforeEach(() => {
  offset = 0
})

function open(): RedisBackend {
  const counting = {
    call(command: string, ...args: string[]) {
      calls++
      return used.connection.call(command, ...args)
    },
  }
  return redis(counting, { [clockOffset]: () => offset })
}

async function roundTrips(act: () => Promise<unknown>): Promise<number> {
  calls = 0
  await act()
  return calls
}

/** How many commands the server carries out meanwhile, those within scripts among them. */
async function commandsOf(act: () => Promise<unknown>): Promise<number> {
  await used.admin.send(['CONFIG', 'RESETSTAT'])
  await act()
  const stats = String(await used.admin.send(['INFO', 'commandstats']))
  return [...stats.matchAll(/cmdstat_(\S+?):calls=(\d+)/g)]
    .filter(([, name]) => name !== 'config|resetstat' && name !== 'info')
    .reduce((sum, [, , count]) => sum + Number(count), 0)
}

async function claim(queue: QueueStore, limit: number): Promise<readonly ClaimedJob[]> {
  return (await queue.exchange({ claim: { limit, leaseMs: LEASE_MS } })).claimed
}

function completed({ id, token }: ClaimedJob) {
  return { id, token, outcome: { to: 'completed' } as const }
}

test('every call of a queue is one round trip, once the server knows the script', async () => {
  const queue = open().jobStore.queue('q')
  const jobs = Array.from({ length: 1000 }, (_, index) => ({ id: `j${index}`, name: 'n', data: 0 }))
  const settleAll = async (): Promise<unknown> =>
    queue.exchange({
      settle: (await claim(queue, 1000)).map(completed),
      claim: { limit: 1000, leaseMs: LEASE_MS },
    })
  await queue.add([{ name: 'warm', data: 0 }])
  await settleAll()
  await queue.get('none')
  await queue.list({ state: 'ready' })
  await queue.counts()
  await queue.children('none')
  await queue.command({ type: 'cancel', ids: [] })
  await queue.command({ type: 'pause' })
  await queue.command({ type: 'resume' })

  expect(await roundTrips(() => queue.add(jobs))).toBe(1)
  expect(await roundTrips(() => queue.get('j1'))).toBe(1)
  expect(await roundTrips(() => queue.list({ state: 'ready', limit: 1000 }))).toBe(1)
  expect(await roundTrips(() => queue.counts())).toBe(1)
  expect(await roundTrips(() => queue.children('j1'))).toBe(1)
  expect(await roundTrips(() => queue.command({ type: 'cancel', ids: ['j1', 'j2'] }))).toBe(1)
  expect(await roundTrips(() => queue.command({ type: 'purge', state: 'dead', limit: 1 }))).toBe(1)
  expect(await roundTrips(settleAll)).toBe(2)
})

test('exchange() of 50 settlements and 50 claims costs at most half a Redis command a job', async () => {
  const queue = open().jobStore.queue('q')
  await queue.add(Array.from({ length: 200 }, () => ({ name: 'n', data: { a: 1 } })))
  let held = await claim(queue, 50)
  const commands = await commandsOf(async () => {
    for (let round = 0; round < 3; round++) {
      const result = await queue.exchange({
        settle: held.map(completed),
        claim: { limit: 50, leaseMs: LEASE_MS },
      })
      held = result.claimed
    }
  })
  expect(held).toHaveLength(50)
  expect(commands / 150).toBeLessThanOrEqual(0.5)
})

test('a queue without jobs leaves one key, which goes in time', async () => {
  const queue = open().jobStore.queue('q')
  const noted = { to: 'dead', error: 'x' } as const
  await queue.add([
    { name: 'plain', data: 0 },
    { name: 'kept', data: 0, keepCompletedMs: HOUR_MS, deduplication: { id: 'd' } },
    { name: 'dead', data: 0, keepDeadMs: HOUR_MS, deduplication: { id: 'e', ttlMs: 2 * HOUR_MS } },
    { name: 'late', data: 0, delayMs: HOUR_MS },
  ])
  const [plain, kept, dead] = await claim(queue, 3)
  if (plain === undefined || kept === undefined || dead === undefined) throw new Error('no jobs')
  await queue.exchange({ extend: [{ id: dead.id, token: dead.token, leaseMs: 1, progress: 1 }] })
  await queue.exchange({
    settle: [
      completed(plain),
      { ...completed(kept), outcome: { to: 'completed', result: [1] } },
      { ...completed(dead), outcome: noted },
    ],
  })
  offset += 2 * HOUR_MS
  await queue.exchange({ settle: (await claim(queue, 9)).map(completed) })
  await queue.exchange({})
  expect(await used.admin.send(['KEYS', '*'])).toEqual(['reuse:{queue:q}:meta'])
  const left = Number(await used.admin.send(['PTTL', 'reuse:{queue:q}:meta']))
  expect(left).toBeGreaterThan(29 * 24 * HOUR_MS)
})

test('a job whose record is not to be kept leaves nothing behind', async () => {
  const queue = open().jobStore.queue('q')
  await queue.add([{ name: 'n', data: 0, deduplication: { id: 'd' } }])
  const [held] = await claim(queue, 1)
  if (held === undefined) throw new Error('Expected a job')
  await queue.exchange({
    extend: [{ id: held.id, token: held.token, leaseMs: 1, progress: 1 }],
    settle: [],
  })
  await queue.exchange({ settle: [completed(held)], claim: { limit: 1, leaseMs: LEASE_MS } })
  expect(await used.admin.send(['KEYS', '*'])).toEqual(['reuse:{queue:q}:meta'])
})

test('jobs dropped by count leave nothing behind, and a bound costs few commands', async () => {
  const queue = open().jobStore.queue('q')
  const bounded = { name: 'n', data: 0, keepCompletedMs: HOUR_MS, keepCompletedCount: 10 }
  const rounds: number[] = []
  for (let round = 0; round < 3; round++) {
    await queue.add([
      { ...bounded, id: `parent${round}` },
      { name: 'child', data: 0, parent: `parent${round}` },
      ...Array.from({ length: 48 }, () => bounded),
    ])
    const held = await claim(queue, 50)
    const settle = held.map(({ id, token }) => {
      const outcome = { to: 'completed', result: [round] } as const
      return { id, token, outcome }
    })
    rounds.push(await commandsOf(() => queue.exchange({ settle })))
    await queue.exchange({ settle: (await claim(queue, 9)).map(completed) })
    offset += 1000
  }
  expect(await queue.counts()).toMatchObject({ completed: 10, ready: 0, active: 0 })
  expect(Number(await used.admin.send(['HLEN', 'reuse:{queue:q}:jobs']))).toBe(10)
  expect(Number(await used.admin.send(['HLEN', 'reuse:{queue:q}:bodies']))).toBe(10)
  expect(Number(await used.admin.send(['HLEN', 'reuse:{queue:q}:notes']))).toBeLessThanOrEqual(10)
  // One of them wakes, for the parent.
  expect(Math.max(...rounds)).toBeLessThanOrEqual(36)
  offset += HOUR_MS
  await queue.exchange({})
  expect(await used.admin.send(['KEYS', '*'])).toEqual(['reuse:{queue:q}:meta'])
})

test('groups, flows and jobs kept for later leave nothing behind', async () => {
  const queue = open().jobStore.queue('q')
  const group = { key: 'g', limit: 1 }
  const deduplication = { id: 'd', keepLast: true }
  await queue.add([
    { id: 'p', name: 'n', data: 0, keepCompletedMs: HOUR_MS, group },
    { name: 'n', data: 0, parent: 'p', group, deduplication },
    { name: 'n', data: 0, parent: 'p', group },
  ])
  const first = await claim(queue, 9)
  await queue.add([{ name: 'n', data: 0, deduplication, group }])
  await queue.exchange({ settle: first.map(completed) })
  for (let turn = 0; turn < 3; turn++) {
    const held = await claim(queue, 9)
    expect(held).toHaveLength(1)
    await queue.exchange({ settle: held.map(completed) })
  }
  expect(await queue.children('p')).toHaveLength(2)
  offset += HOUR_MS
  await queue.exchange({})
  expect(await used.admin.send(['KEYS', '*'])).toEqual(['reuse:{queue:q}:meta'])
})

test('children() hands over great results a few at a time', async () => {
  const queue = open().jobStore.queue('q')
  const result = 'x'.repeat(1_000_000)
  const count = Math.ceil(REPLY_BYTES / result.length) + 2
  await queue.add([
    { id: 'p', name: 'n', data: 0 },
    ...Array.from({ length: count }, (_, index) => ({ name: `${index}`, data: 0, parent: 'p' })),
  ])
  const held = await claim(queue, count)
  for (const one of held) {
    const outcome = { to: 'completed', result } as const
    await queue.exchange({ settle: [{ id: one.id, token: one.token, outcome }] })
  }
  calls = 0
  const children = await queue.children('p')
  expect(calls).toBeLessThanOrEqual(3)
  expect(calls).toBeGreaterThan(1)
  expect(children.map(({ id }) => id)).toEqual(held.map(({ id }) => id))
  expect(children.every((child) => child.result === result)).toBe(true)
})

test('add() that a client sent again keeps no job for later that has already followed', async () => {
  const sent: string[][] = []
  const recording = {
    call(command: string, ...args: string[]) {
      sent.push([command, ...args])
      return used.connection.call(command, ...args)
    },
  }
  const queue = redis(recording).jobStore.queue('q')
  const twin = { name: 'n', data: 0, deduplication: { id: 'd', keepLast: true } }
  for (const again of [twin, { ...twin, id: 'mine' }]) {
    await queue.add([twin])
    const first = await claim(queue, 1)
    await queue.add([again])
    const [command = '', ...args] = sent.at(-1) ?? []
    await queue.exchange({ settle: first.map(completed) })
    const second = await claim(queue, 1)
    await used.connection.call(command, ...args)
    await queue.exchange({ settle: second.map(completed) })
    expect(await queue.counts()).toMatchObject({ ready: 0, active: 0 })
  }
})

test('cancel ends a parked job', async () => {
  const queue = open().jobStore.queue('q')
  await queue.add([{ id: 'j', name: 'n', data: 0 }])
  const [held] = await claim(queue, 1)
  const outcome = { to: 'parked', error: 'nobody' } as const
  await queue.exchange({ settle: [{ id: 'j', token: held?.token ?? 0, outcome }] })
  expect(await queue.command({ type: 'cancel', ids: ['j'] })).toBe(1)
  expect(await queue.get('j')).toMatchObject({ state: 'cancelled', lastError: 'nobody' })
})

test('a deduplication id is free while its job is parked, and taken again by a retry', async () => {
  const queue = open().jobStore.queue('q')
  const twin = { name: 'n', data: 0, deduplication: { id: 'd' } }
  const [first] = (await queue.add([{ ...twin, id: 'first' }])).jobs
  const [held] = await claim(queue, 1)
  if (first === undefined || held === undefined) throw new Error('Expected a job')
  const outcome = { to: 'parked', error: 'nobody' } as const
  await queue.exchange({ settle: [{ id: held.id, token: held.token, outcome }] })
  const [second] = (await queue.add([{ ...twin, id: 'second' }])).jobs
  expect(second).toEqual({ id: 'second', added: true })
  await queue.command({ type: 'remove', ids: ['second'] })
  await queue.command({ type: 'retry', ids: ['first'] })
  expect((await queue.add([twin])).jobs).toEqual([{ id: 'first', added: false }])
})

test('a deduplication id whose time is over is held anew by a job without one', async () => {
  const queue = open().jobStore.queue('q')
  const timed = { name: 'n', data: 0, deduplication: { id: 'd', ttlMs: 1000 } }
  await queue.add([timed])
  offset += 1000
  const [untimed] = (await queue.add([{ ...timed, deduplication: { id: 'd' } }])).jobs
  await queue.exchange({})
  expect(untimed?.added).toBe(true)
  expect((await queue.add([timed])).jobs).toEqual([{ id: untimed?.id, added: false }])
})

test('retry takes a deduplication id whose time is over, before an exchange has dropped it', async () => {
  const queue = open().jobStore.queue('q')
  const twin = { name: 'n', data: 0, deduplication: { id: 'd' } }
  await queue.add([{ ...twin, id: 'first' }])
  await queue.command({ type: 'cancel', ids: ['first'] })
  await queue.add([{ ...twin, id: 'second', deduplication: { id: 'd', ttlMs: 1000 } }])
  offset += 1000
  await queue.command({ type: 'retry', ids: ['first'] })
  expect((await queue.add([twin])).jobs).toEqual([{ id: 'first', added: false }])
})

test('pause is kept for ever, until resume', async () => {
  const queue = open().jobStore.queue('q')
  await queue.add([{ name: 'n', data: 0 }])
  await queue.command({ type: 'pause' })
  expect(await used.admin.send(['PTTL', 'reuse:{queue:q}:meta'])).toBe(-1)
  await queue.add([{ name: 'n', data: 0 }])
  expect(await used.admin.send(['PTTL', 'reuse:{queue:q}:meta'])).toBe(-1)
  await queue.command({ type: 'resume' })
  expect(await used.admin.send(['PTTL', 'reuse:{queue:q}:meta'])).toBeGreaterThan(0)
})

test('a queue name, ids and values of any characters come back as they were', async () => {
  const jobStore = open().jobStore
  const hostile = [
    '1',
    '%20',
    'a!',
    "g'(*)~",
    'true',
    'null',
    '{q}',
    'a b',
    '"',
    '\n',
    '\u0000',
    '=',
    '😀',
    '1e5',
    '[1]',
  ]
  for (const id of hostile) {
    const queue = jobStore.queue('A.z_0:-')
    const job = { id, name: id, data: { [id]: id }, options: [id], deduplication: { id } }
    expect((await queue.add([job, job])).jobs).toEqual([
      { id, added: true },
      { id, added: false },
    ])
    expect((await queue.add([{ ...job, id: 'other' }])).jobs).toEqual([{ id, added: false }])
    const [held] = await claim(queue, 1)
    expect(held).toMatchObject({ id, name: id, data: { [id]: id }, options: [id] })
    if (held === undefined) return
    await queue.exchange({
      extend: [{ id, token: held.token, leaseMs: 1000, progress: id }],
      settle: [],
    })
    const error = { [id]: 1 }
    const outcome = { to: 'dead', error } as const
    await queue.exchange({ settle: [{ ...completed(held), outcome }] })
    expect(await queue.get(id)).toMatchObject({ state: 'dead', lastError: error, progress: id })
    expect((await queue.list({ state: 'dead' })).jobs.map((record) => record.id)).toEqual([id])
    expect(await queue.command({ type: 'remove', ids: [id] })).toBe(1)

    const group = { key: id, limit: 1 }
    await queue.add([
      { id, name: id, data: 0, group },
      { id: 'child', name: id, data: 0, parent: id, group },
      { name: 'next', data: 0, group },
    ])
    for (const expected of ['child', undefined, id]) {
      const [turn] = await claim(queue, 9)
      expect(turn?.id).toBe(expected ?? turn?.id)
      await queue.exchange({ settle: turn === undefined ? [] : [completed(turn)] })
      if (expected === 'child')
        expect(await queue.children(id)).toEqual([
          { id: 'child', name: id, state: 'completed', result: null, error: null },
        ])
    }
    expect(await queue.counts()).toMatchObject({ ready: 0, held: 0, blocked: 0 })
  }
})

test('tokens and order go on growing when the server has lost everything', async () => {
  const queue = open().jobStore.queue('q')
  const once = { id: 'j', name: 'n', data: 0 }
  await queue.add([once])
  const [before] = await claim(queue, 1)
  await used.admin.send(['FLUSHALL'])
  await queue.add([once])
  const [after] = await claim(queue, 1)
  expect(after?.token).toBeGreaterThan(before?.token ?? Infinity)
})

test('claim and list() hand over great jobs a few at a time', async () => {
  const queue = open().jobStore.queue('q')
  const data = 'x'.repeat(1_000_000)
  const count = Math.ceil(REPLY_BYTES / data.length) + 2
  for (let index = 0; index < count; index++)
    await queue.add([{ id: `j${index}`, name: 'n', data }])
  const page = await queue.list({ state: 'ready' })
  const rest = await queue.list({ state: 'ready', cursor: page.cursor ?? '' })
  expect(page.jobs.length * data.length).toBeLessThanOrEqual(REPLY_BYTES)
  expect([...page.jobs, ...rest.jobs].map(({ id }) => id)).toEqual(
    Array.from({ length: count }, (_, index) => `j${index}`),
  )
  const first = await queue.exchange({ claim: { limit: 100, leaseMs: LEASE_MS } })
  expect([first.claimed.length, first.wakeInMs]).toEqual([page.jobs.length, 0])
  expect(await claim(queue, 100)).toHaveLength(rest.jobs.length)
})

test('list() goes on after its cursor though the job it names has left', async () => {
  const queue = open().jobStore.queue('q')
  const ids = ['a', 'b', 'c', 'd']
  await queue.add(ids.map((id) => ({ id, name: 'n', data: 0 })))
  const { cursor } = await queue.list({ state: 'ready', limit: 2 })
  await queue.command({ type: 'remove', ids: ['b'] })
  const next = await queue.list({ state: 'ready', limit: 1, cursor: cursor ?? '' })
  expect(next.jobs.map(({ id }) => id)).toEqual(['c'])
  const last = await queue.list({ state: 'ready', cursor: next.cursor ?? '' })
  expect([last.jobs.map(({ id }) => id), last.cursor]).toEqual([['d'], null])
  await expect(queue.list({ state: 'ready', cursor: 'd' })).rejects.toThrow(RangeError)
})

test('a kept record is gone when its time is over, before an exchange drops it', async () => {
  const queue = open().jobStore.queue('q')
  const job = { id: 'j', name: 'n', data: 0, keepCompletedMs: HOUR_MS }
  await queue.add([job])
  await queue.exchange({ settle: (await claim(queue, 1)).map(completed) })
  offset += HOUR_MS
  expect(await queue.get('j')).toBeNull()
  expect((await queue.list({ state: 'completed' })).jobs).toEqual([])
  expect((await queue.counts()).completed).toBe(0)
  expect(await queue.command({ type: 'retry', ids: ['j'] })).toBe(0)
  expect(await queue.command({ type: 'purge', state: 'completed', limit: 5 })).toBe(0)
  expect((await queue.add([job])).jobs).toEqual([{ id: 'j', added: true }])
  expect(await claim(queue, 1)).toHaveLength(1)
})

test('exchange() promotes a bounded number of due jobs and says at once that more are due', async () => {
  const queue = open().jobStore.queue('q')
  for (let batch = 0; batch < 2; batch++)
    await queue.add(Array.from({ length: 700 }, () => ({ name: 'n', data: 0, delayMs: 1000 })))
  offset += 1000
  expect((await queue.exchange({})).wakeInMs).toBe(0)
  expect(await queue.counts()).toMatchObject({ ready: 1000, scheduled: 400 })
  expect(await claim(queue, 1000)).toHaveLength(1000)
  expect(await claim(queue, 1000)).toHaveLength(400)
})

test('exchange() drops records as fast as they end, also while it hands out jobs', async () => {
  const queue = open().jobStore.queue('q')
  const job = { name: 'n', data: 0, keepCompletedMs: HOUR_MS }
  for (let batch = 0; batch < 3; batch++) {
    await queue.add(Array.from({ length: 700 }, () => job))
    await queue.exchange({ settle: (await claim(queue, 700)).map(completed) })
  }
  await queue.add(Array.from({ length: 4 }, () => job))
  offset += HOUR_MS
  const left: unknown[] = []
  for (let round = 0; round < 4; round++) {
    await claim(queue, 1)
    left.push(await used.admin.send(['HLEN', 'reuse:{queue:q}:jobs']))
  }
  expect(left).toEqual([1104, 104, 4, 4])
})

test('command() refuses more ids than an exchange may have, and purges no more jobs', async () => {
  const queue = open().jobStore.queue('q')
  const many = Array.from({ length: 1001 }, (_, index) => `j${index}`)
  await expect(queue.command({ type: 'remove', ids: many })).rejects.toThrow(RangeError)
  for (const limit of [0, 1001])
    await expect(queue.command({ type: 'purge', state: 'ready', limit })).rejects.toThrow(
      RangeError,
    )
  for (let batch = 0; batch < 3; batch++)
    await queue.add(Array.from({ length: 700 }, () => ({ name: 'n', data: 0 })))
  expect(await queue.command({ type: 'purge', state: 'ready', limit: 1000 })).toBe(1000)
  expect(await queue.command({ type: 'purge', state: 'ready', limit: 1000 })).toBe(1000)
  expect(await queue.command({ type: 'purge', state: 'ready', limit: 1000 })).toBe(100)
})
