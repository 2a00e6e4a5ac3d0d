import type { AtomicStore, StorePartition } from '../ports/atomic-store/atomic-store.ts'
import { checkStoreKey } from '../ports/atomic-store/store-limits.ts'

/**
 * For ever: another number would send keys to other partitions, where their locks and records are
 * not.
 */
const SHARDS = 16

/**
 * The partition that keeps `key` of a family of keys.
 *
 * A family spreads over 16 partitions: one alone would be one Durable Object for all keys, one for
 * each key would leave an object behind for every key ever used. A key always has the same
 * partition, so its versions only grow.
 *
 * @param family What the keys are for, as `locks`
 * @throws RangeError or TypeError when the key is none that a store takes
 */
export function partitionOf(store: AtomicStore, family: string, key: string): StorePartition {
  checkStoreKey(key)
  return store.partition(`${family}:${hashOf(key) % SHARDS}`)
}

/** Every partition of a family, for listing all its keys. */
export function partitionsOf(store: AtomicStore, family: string): readonly StorePartition[] {
  return Array.from({ length: SHARDS }, (_, shard) => store.partition(`${family}:${shard}`))
}

/**
 * FNV-1a over UTF-16 code units, folded once more because its low bits alone spread short keys
 * badly.
 */
function hashOf(text: string): number {
  let hash = 0x811c9dc5
  for (let index = 0; index < text.length; index++)
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193)
  return (hash ^ (hash >>> 16)) >>> 0
}
