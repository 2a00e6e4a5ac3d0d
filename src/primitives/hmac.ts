import { equalBytes } from './equal-bytes.ts'
import { createHmacSha256 } from './hmac-sha256.ts'

/** The hash inside an HMAC. SHA-1 is for vendors that still sign with it, which HMAC keeps safe. */
export type HmacHash = 'SHA-1' | 'SHA-256' | 'SHA-384' | 'SHA-512'

/** A secret ready for use. */
export interface HmacKey {
  /** @returns The code of `message`, as long as the hash */
  sign(message: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>>
  /** Compares in constant time. @returns Whether `code` is the whole code of `message` */
  verify(code: Uint8Array<ArrayBuffer>, message: Uint8Array<ArrayBuffer>): Promise<boolean>
}

/**
 * Up to here SHA-256 is hashed in place: on Node, Deno and Bun a call into WebCrypto costs 10 to 70
 * µs, this 1.4 µs for 300 bytes and 14 µs for 4 KiB. On workerd, where the call costs 2 to 4 µs,
 * this is at most 14 µs slower.
 */
const IN_PLACE_BYTES = 4096

/**
 * Makes a key for HMAC (RFC 2104).
 *
 * @param secret At least one byte
 * @param hash Default SHA-256
 * @throws RangeError when the secret is empty
 */
export function createHmacKey(secret: Uint8Array, hash: HmacHash = 'SHA-256'): HmacKey {
  if (secret.length === 0)
    throw new RangeError('Cannot use HMAC key: it has 0 bytes, at least 1 needed')
  const bytes = new Uint8Array(secret)
  const inPlace = hash === 'SHA-256' && createHmacSha256(bytes)
  // The key is kept, never its promise: on Workers a promise made for one request may not be
  // awaited by another.
  let imported: CryptoKey | undefined

  async function sign(message: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
    if (inPlace && message.length <= IN_PLACE_BYTES) return inPlace(message)
    const algorithm = { name: 'HMAC', hash }
    imported ??= await crypto.subtle.importKey('raw', bytes, algorithm, false, ['sign'])
    return new Uint8Array(await crypto.subtle.sign('HMAC', imported, message))
  }

  return {
    sign,
    verify: async (code, message) => equalBytes(await sign(message), code),
  }
}
