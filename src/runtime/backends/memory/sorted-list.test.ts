import fc from 'fast-check'
import { expect, test, vi } from 'vitest'
import { SortedList } from './sorted-list.ts'

const ascending = (one: number, other: number): number => one - other

function listOf(values: Iterable<number>): SortedList<number> {
  const list = new SortedList(ascending)
  for (const value of values) list.add(value)
  return list
}

/** How many values are moved in memory, and how many are compared. */
function work(n: number, act: (list: SortedList<number>) => void): number {
  let compared = 0
  const list = new SortedList<number>((one, other) => {
    compared++
    return one - other
  })
  for (let value = 0; value < n; value++) list.add(2 * value)
  compared = 0
  let moved = 0
  const { splice } = Array.prototype
  const spy = vi.spyOn(Array.prototype, 'splice').mockImplementation(function (
    this: unknown[],
    start: number,
    ...rest: unknown[]
  ) {
    moved += this.length - start
    return Reflect.apply(splice, this, [start, ...rest])
  })
  act(list)
  spy.mockRestore()
  return compared + moved
}

test('SortedList keeps what a sorted array keeps', () => {
  const steps = fc.array(fc.tuple(fc.boolean(), fc.integer({ min: 0, max: 4000 })), {
    maxLength: 200,
  })
  fc.assert(
    fc.property(fc.nat(3000), steps, (n, changes) => {
      const held = new Set(Array.from({ length: n }, (_, index) => index))
      const list = listOf(held)
      for (const [adds, value] of changes) {
        if (!adds) list.remove(value)
        else if (!held.has(value)) list.add(value)
        if (adds) held.add(value)
        else held.delete(value)
      }
      const sorted = [...held].toSorted(ascending)
      expect(list.size).toBe(sorted.length)
      expect(list.slice(0)).toEqual(sorted)
      for (const index of [-1, 0, 1023, 1024, sorted.length - 1, sorted.length]) {
        expect(list.at(index)).toBe(index < 0 ? undefined : sorted[index])
        expect(list.slice(Math.max(index, 0), index + 700)).toEqual(
          sorted.slice(Math.max(index, 0), index + 700),
        )
      }
      for (const value of [0, 500, 4001])
        expect(list.indexOf(value)).toBe(sorted.filter((other) => other < value).length)
    }),
    { numRuns: 40 },
  )
})

test('SortedList moves and compares no more with twenty times as many values', () => {
  const acts: Readonly<Record<string, (list: SortedList<number>, n: number) => void>> = {
    'removes the first': (list) => list.remove(0),
    'adds before all': (list) => list.add(-1),
    'adds amid them': (list, n) => list.add(n + 1),
    'adds behind all': (list, n) => list.add(2 * n),
    'fills a run in front': (list) => {
      for (let value = -1; value > -1500; value--) list.add(value)
    },
  }
  for (const [name, act] of Object.entries(acts)) {
    const [few = 0, many = Infinity] = [2000, 40_000].map((n) => work(n, (list) => act(list, n)))
    // A run, where few values happened to stand at its end; a look for each doubling.
    expect(many, name).toBeLessThanOrEqual(few * 1.2 + 1024 + 64)
  }
})

test('SortedList lets go of runs that are empty', () => {
  const list = listOf(Array.from({ length: 5000 }, (_, index) => index))
  for (let value = 0; value < 5000; value++) {
    expect(list.at(0)).toBe(value)
    list.remove(value)
  }
  list.remove(1)
  expect([list.size, list.at(0), list.slice(0)]).toEqual([0, undefined, []])
  list.add(7)
  expect(list.slice(0)).toEqual([7])
})
