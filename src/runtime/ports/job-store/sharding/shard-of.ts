import { encodeUtf8 } from '../../../../primitives/utf8.ts'

/**
 * Chooses the shard that keeps `key`, by FNV-1a over its UTF-8 bytes: the same on every runtime
 * and for ever, since what was written under one choice is looked for under it.
 *
 * @returns An integer from 0 to `shards - 1`
 */
export function shardOf(key: string, shards: number): number {
  if (shards === 1) return 0
  let hash = 0x811c9dc5
  for (const byte of encodeUtf8(key)) hash = Math.imul(hash ^ byte, 0x01000193)
  return (hash >>> 0) % shards
}
