import { beforeEach, expect, test } from 'vitest'
import { useRedis } from '../../../../test/support/use-redis.ts'
import type { AtomicStore } from '../../ports/atomic-store/atomic-store.ts'
import { redis } from './redis.ts'
import { clockOffset } from './clock-offset.ts'
import { REPLY_BYTES } from './script.ts'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS

const used = useRedis()
let calls = 0
let offset = 0

beforeEach(() => {
  offset = 0
})

function open(): AtomicStore {
  const counting = {
    call(command: string, ...args: string[]) {
      calls++
      return used.connection.call(command, ...args)
    },
  }
  return redis(counting, { [clockOffset]: () => offset }).store
}

async function lifetimes(): Promise<Record<string, number>> {
  const keys = (await used.admin.send(['KEYS', '*'])) as readonly string[]
  const entries = await Promise.all(
    keys.map(async (key) => [key, Number(await used.admin.send(['PTTL', key]))] as const),
  )
  return Object.fromEntries(entries)
}

test('every call of a partition is one round trip, once the server knows the script', async () => {
  const part = open().partition('p')
  const set = Array.from({ length: 100 }, (_, index) => ({ key: `k${index}`, value: index }))
  const all = [
    () => part.get('k1'),
    () => part.list({ limit: 1000 }),
    () => part.commit({ check: [{ key: 'k1', version: null }], set }),
    () => part.commit({ check: [{ key: 'k1', version: 1 }], set }),
  ]
  for (const act of all) await act()
  for (const act of all) {
    calls = 0
    await act()
    expect(calls).toBe(1)
  }
})

test('a partition goes a day after its last entry has expired, and stays while one never does', async () => {
  const part = open().partition('p')
  const tag = 'reuse:{store:p}'
  await part.commit({ set: [{ key: 'short', value: 1, expiresInMs: HOUR_MS }] })
  await part.commit({ set: [{ key: 'long', value: 1, expiresInMs: 2 * HOUR_MS }] })
  const mortal = await lifetimes()
  expect(Object.keys(mortal).toSorted()).toEqual(
    ['entries', 'expiry', 'order'].map((name) => `${tag}:${name}`),
  )
  for (const left of Object.values(mortal)) {
    expect(left).toBeGreaterThan(DAY_MS + 2 * HOUR_MS - 10_000)
    expect(left).toBeLessThanOrEqual(DAY_MS + 2 * HOUR_MS)
  }

  await part.commit({ set: [{ key: 'ever', value: 1 }] })
  expect(new Set(Object.values(await lifetimes()))).toEqual(new Set([-1]))

  await part.commit({ delete: ['ever'] })
  for (const left of Object.values(await lifetimes())) expect(left).toBeGreaterThan(DAY_MS)

  await part.commit({ delete: ['short', 'long'] })
  const empty = await lifetimes()
  expect(Object.keys(empty)).toEqual([`${tag}:entries`])
  expect(empty[`${tag}:entries`]).toBeLessThanOrEqual(DAY_MS)
})

test('commit() drops expired entries, a bounded number at a time', async () => {
  const part = open().partition('p')
  for (let batch = 0; batch < 3; batch++) {
    const set = Array.from({ length: 100 }, (_, index) => ({
      key: `k${batch}-${index}`,
      value: index,
      expiresInMs: HOUR_MS,
    }))
    await part.commit({ set })
  }
  offset += HOUR_MS
  await part.commit({ set: [{ key: 'ever', value: 1 }] })
  expect(await used.admin.send(['ZCARD', 'reuse:{store:p}:order'])).toBe(45)
  await part.commit({ set: [{ key: 'ever', value: 2 }] })
  // The entry, the last version and the epoch.
  expect(await used.admin.send(['HLEN', 'reuse:{store:p}:entries'])).toBe(3)
  expect(await used.admin.send(['ZCARD', 'reuse:{store:p}:order'])).toBe(1)
})

test('commit() keeps an entry whose lifetime was taken away, when others expire', async () => {
  const part = open().partition('p')
  await part.commit({ set: [{ key: 'k', value: 1, expiresInMs: HOUR_MS }] })
  await part.commit({ set: [{ key: 'k', value: 2 }] })
  offset += HOUR_MS
  await part.commit({ set: [{ key: 'other', value: 1 }] })
  expect((await part.get('k'))?.value).toBe(2)
})

test('commit() gives greater versions though the server has lost everything', async () => {
  const part = open().partition('p')
  const before = await part.commit({ set: [{ key: 'k', value: 1 }] })
  await used.admin.send(['FLUSHALL'])
  const after = await part.commit({ set: [{ key: 'k', value: 1 }] })
  if (!before.ok || !after.ok) throw new Error('Expected both commits to go through')
  expect(after.version).toBeGreaterThan(before.version)
})

test('commit() gives greater versions though the clock goes back', async () => {
  const part = open().partition('p')
  offset = HOUR_MS
  const before = await part.commit({ set: [{ key: 'k', value: 1 }] })
  offset = 0
  const after = await part.commit({ set: [{ key: 'k', value: 1 }] })
  if (!before.ok || !after.ok) throw new Error('Expected both commits to go through')
  expect(after.version).toBe(before.version + 1)
})

test('list() ends a page of great values early, and goes on after it', async () => {
  const part = open().partition('p')
  const value = 'x'.repeat(1_000_000)
  const count = Math.ceil(REPLY_BYTES / value.length) + 2
  for (let index = 0; index < count; index++)
    await part.commit({ set: [{ key: `k${String(index).padStart(2, '0')}`, value }] })
  const first = await part.list({ limit: 1000 })
  const second = await part.list({ limit: 1000, cursor: first.cursor ?? '' })
  expect(first.entries.length * value.length).toBeLessThanOrEqual(REPLY_BYTES)
  expect(first.entries.length + second.entries.length).toBe(count)
  expect(second.cursor).toBeNull()
})

test('list() says on the last page that it is the last', async () => {
  const part = open().partition('p')
  await part.commit({ set: ['a', 'b', 'c', 'd'].map((key) => ({ key, value: key })) })
  await part.commit({ set: [{ key: 'e', value: 1, expiresInMs: 1000 }] })
  offset += 1000
  expect((await part.list({ limit: 4 })).cursor).toBeNull()
  expect((await part.list({ limit: 3 })).cursor).toBe('c')
  expect((await part.list({ limit: 4, reverse: true })).cursor).toBeNull()
})

test('list() keeps to its prefix whatever the cursor', async () => {
  const part = open().partition('p')
  await part.commit({ set: ['a', 'b1', 'b2', 'c'].map((key) => ({ key, value: key })) })
  const keysOf = async (options: Parameters<typeof part.list>[0]): Promise<string[]> =>
    (await part.list(options)).entries.map(({ key }) => key)
  expect(await keysOf({ prefix: 'b', cursor: 'a' })).toEqual(['b1', 'b2'])
  expect(await keysOf({ prefix: 'b', cursor: 'c' })).toEqual([])
  expect(await keysOf({ prefix: 'b', cursor: 'c', reverse: true })).toEqual(['b2', 'b1'])
  expect(await keysOf({ prefix: 'b', cursor: 'a', reverse: true })).toEqual([])
})

test('get() and list() give back keys and values of any characters', async () => {
  const part = open().partition('p')
  const hostile = ['1', 'null', '=', '#', '\u0000', '\n', '{k}', '"', '😀', ' ', '1 2', '\ufeff']
  for (const key of hostile) {
    await part.commit({ set: [{ key, value: { [key]: [key] } }] })
    expect((await part.get(key))?.value).toEqual({ [key]: [key] })
    expect((await part.list({ prefix: key })).entries.map((entry) => entry.key)).toContain(key)
  }
})
