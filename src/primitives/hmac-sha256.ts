import { finishSha256, sha256, stateAfterBlock } from './sha256.ts'

const BLOCK_BYTES = 64

/**
 * HMAC-SHA-256 (RFC 2104, FIPS 180-4) computed at once, without a promise: for a short message the
 * round trip through WebCrypto costs several times the hash itself. The two blocks of the key are
 * hashed once.
 *
 * @param secret Any length; longer than a block it is hashed first, as RFC 2104 says
 * @returns A function from a message, below 512 MiB, to its code of 32 bytes
 */
export function createHmacSha256(
  secret: Uint8Array,
): (message: Uint8Array) => Uint8Array<ArrayBuffer> {
  const key = new Uint8Array(BLOCK_BYTES)
  key.set(secret.length > BLOCK_BYTES ? sha256(secret) : secret)
  const inner = stateAfterBlock(key.map((byte) => byte ^ 0x36))
  const outer = stateAfterBlock(key.map((byte) => byte ^ 0x5c))
  return (message) => finishSha256(outer, BLOCK_BYTES, finishSha256(inner, BLOCK_BYTES, message))
}
