import { expect, test } from 'vitest'
import { createLruCache } from './lru-cache.ts'

test('createLruCache() drops what was not asked for longest', () => {
  const cache = createLruCache<number>(2)
  cache.set('a', 1)
  cache.set('b', 2)
  expect(cache.get('a')).toBe(1)
  cache.set('c', 3)
  expect([cache.get('a'), cache.get('b'), cache.get('c')]).toEqual([1, undefined, 3])
  cache.set('a', 4)
  expect(cache.get('a')).toBe(4)
})
