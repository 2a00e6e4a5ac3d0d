import { expect, test } from 'vitest'
import { shardOf } from './shard-of.ts'

test('shardOf() is FNV-1a over UTF-8, by its published vectors', () => {
  const vectors = { '': 0x811c9dc5, a: 0xe40c292c, foobar: 0xbf9cf968 }
  for (const [text, hash] of Object.entries(vectors)) expect(shardOf(text, 2 ** 32)).toBe(hash)
})

test('shardOf() spreads keys over all shards', () => {
  const seen = new Set(Array.from({ length: 1000 }, (_, index) => shardOf(`ip:${index}`, 64)))
  expect(seen.size).toBe(64)
  expect(Math.max(...seen)).toBe(63)
  expect(shardOf('anything', 1)).toBe(0)
})
