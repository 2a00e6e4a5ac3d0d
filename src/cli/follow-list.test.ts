import { expect, test } from 'vitest'
import { followList } from './follow-list.ts'

interface Entry {
  readonly id: string
  readonly createdAt: number
  readonly state: string
}

function listing(since: number | null) {
  const entries = new Map<string, Entry>()
  const asked: (number | null)[] = []
  const list = followList<Entry>(
    async function* (from) {
      asked.push(from)
      yield* [...entries.values()]
        .filter(({ createdAt }) => from === null || createdAt >= from)
        .toSorted((a, b) => b.createdAt - a.createdAt)
    },
    ({ state }) => state,
    since,
  )
  return {
    asked,
    put: (id: string, createdAt: number, state = 'pending') =>
      entries.set(id, { id, createdAt, state }),
    next: async () => (await list.next()).map(({ id, state }) => `${id} ${state}`),
  }
}

const HOUR = 3_600_000

test('next() tells what has come and what has changed, oldest first and once', async () => {
  const { put, next, asked } = listing(null)
  put('old', HOUR)
  expect(await next()).toEqual([])
  put('b', HOUR + 2)
  put('a', HOUR + 1)
  // Of the same ms as the latest before.
  put('c', HOUR)
  expect(await next()).toEqual(['c pending', 'a pending', 'b pending'])
  expect(await next()).toEqual([])
  put('a', HOUR + 1, 'delivered')
  expect(await next()).toEqual(['a delivered'])
  expect(asked.at(-1)).toBe(HOUR + 2 - 60_000)
})

test('next() begins where it is told to, or with the first of an empty list', async () => {
  const told = listing(HOUR)
  told.put('early', HOUR - 1)
  told.put('a', HOUR)
  expect(await told.next()).toEqual(['a pending'])
  const empty = listing(null)
  expect(await empty.next()).toEqual([])
  empty.put('a', 5)
  expect(await empty.next()).toEqual(['a pending'])
})

test('next() takes what is listed late, and does not begin anew with what is forgotten', async () => {
  const { put, next } = listing(null)
  put('a', HOUR)
  expect(await next()).toEqual([])
  put('b', 2 * HOUR)
  expect(await next()).toEqual(['b pending'])
  put('late', 2 * HOUR - 30_000)
  put('too late', HOUR + 1)
  expect(await next()).toEqual(['late pending'])
  put('a', HOUR, 'dead')
  expect(await next()).toEqual([])
})
