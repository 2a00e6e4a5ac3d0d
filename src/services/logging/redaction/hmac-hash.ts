import { encodeHex } from '../../../primitives/hex.ts'
import { createHmacSha256 } from '../../../primitives/hmac-sha256.ts'
import { encodeUtf8 } from '../../../primitives/utf8.ts'

/**
 * Makes the `hash` of a redactor: 16 hex digits of HMAC-SHA-256 under a secret. The same value
 * gives the same text, so that lines about one person can still be joined; without the secret
 * nobody can try values out.
 *
 * @param secret At least 16 bytes, kept like a password
 * @throws RangeError when it is shorter
 * @example
 * ```ts
 * const redactor = createRedactor({ mode: 'hash', hash: hmacHash(env.REDACTION_SECRET) })
 * ```
 */
export function hmacHash(secret: string | Uint8Array): (value: string) => string {
  const key = typeof secret === 'string' ? encodeUtf8(secret) : secret
  if (key.length < 16)
    throw new RangeError(
      `Cannot hash values: the secret has ${key.length} bytes, 16 or more expected`,
    )
  const hmac = createHmacSha256(key)
  return (value) => encodeHex(hmac(encodeUtf8(value)).subarray(0, 8))
}
