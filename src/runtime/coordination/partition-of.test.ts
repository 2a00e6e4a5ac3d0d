import { expect, test } from 'vitest'
import { createFakeClock } from '../../testing/fake-clock.ts'
import { memory } from '../backends/memory/index.ts'
import type { AtomicStore } from '../ports/atomic-store/atomic-store.ts'
import { partitionOf, partitionsOf } from './partition-of.ts'

test('partitionOf() keeps a key where it has always been', () => {
  // Other places would split locks and records between old and new code.
  expect(['invoice:1', 'invoice:2', 'ü€😀', 'x'.repeat(500)].map(placeOf)).toEqual([
    'locks:4',
    'locks:13',
    'locks:7',
    'locks:4',
  ])
})

test('partitionOf() spreads keys evenly over the partitions that partitionsOf() lists', () => {
  const counts = new Map<string, number>()
  for (let index = 0; index < 16_000; index++) {
    const place = placeOf(`order-${index}`)
    counts.set(place, (counts.get(place) ?? 0) + 1)
  }
  const names: string[] = []
  partitionsOf(naming(names), 'locks')
  expect([...counts.keys()].toSorted()).toEqual(names.toSorted())
  expect(Math.min(...counts.values())).toBeGreaterThan(900)
  expect(Math.max(...counts.values())).toBeLessThan(1100)
})

test('partitionOf() refuses what no store takes as a key, by its own words', () => {
  for (const key of [null, undefined, 5, ['a']] as never[])
    expect(() => placeOf(key)).toThrow('it is no text, one expected')
  for (const key of ['', '\ud800', 'x'.repeat(513)]) expect(() => placeOf(key)).toThrow(RangeError)
})

function placeOf(key: string): string {
  const names: string[] = []
  partitionOf(naming(names), 'locks', key)
  return names.join()
}

function naming(names: string[]): AtomicStore {
  const { store } = memory({ clock: createFakeClock() })
  return {
    partition(name) {
      names.push(name)
      return store.partition(name)
    },
  }
}
