import { encodeHex } from '../../../primitives/hex.ts'
import { sha256 } from '../../../primitives/sha256.ts'
import { encodeUtf8 } from '../../../primitives/utf8.ts'

/** Where something about an address is kept. */
export interface AddressKey {
  readonly partition: string
  readonly key: string
}

const SHARDS = 16

/**
 * Keys of addresses are their SHA-256: as long as any, and no address stands in a key. They spread
 * over 16 partitions, those of `partitionsOf`.
 */
export function addressKey(family: string, address: string): AddressKey {
  const digest = sha256(encodeUtf8(address))
  return { partition: `${family}:${(digest[0] ?? 0) % SHARDS}`, key: encodeHex(digest) }
}
