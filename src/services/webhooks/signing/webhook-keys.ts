import { decodeBase64 } from '../../../primitives/base64.ts'
import { createHmacKey, type HmacHash, type HmacKey } from '../../../primitives/hmac.ts'
import type { LruCache } from '../../../primitives/lru-cache.ts'
import { encodeUtf8 } from '../../../primitives/utf8.ts'

/** A shared secret as the sender shows it, or its bytes. */
export type WebhookSecret = string | Uint8Array

/** Prefixes of Standard Webhooks: a shared secret, a private and a public Ed25519 key. */
export const SECRET_PREFIX = 'whsec_'
export const SIGNING_KEY_PREFIX = 'whsk_'
export const VERIFICATION_KEY_PREFIX = 'whpk_'

/** Shortest secret of the Standard Webhooks specification. */
const MIN_STANDARD_SECRET_BYTES = 24

/** Shortest secret of a vendor: with fewer than 128 bits, one recorded delivery is enough to guess it. */
const MIN_TEXT_SECRET_BYTES = 16

/**
 * The key of a scheme that uses the secret's own bytes, text as UTF-8.
 *
 * @throws TypeError when the secret is neither text nor bytes
 * @throws RangeError when it is shorter than 16 bytes
 */
export function textKey(secret: WebhookSecret, hash?: HmacHash): HmacKey {
  return createHmacKey(secretBytes(secret, encodeUtf8, MIN_TEXT_SECRET_BYTES), hash)
}

/**
 * The key behind a shared secret of Standard Webhooks: base64, with or without `whsec_`, or bytes.
 *
 * @throws TypeError when the secret is not written in one of these ways
 * @throws RangeError when it is shorter than 24 bytes
 */
export function standardKey(secret: WebhookSecret): HmacKey {
  const decode = (text: string): Uint8Array => decodeKey(text, SECRET_PREFIX)
  return createHmacKey(secretBytes(secret, decode, MIN_STANDARD_SECRET_BYTES))
}

/**
 * Decodes a key of Standard Webhooks, with its prefix or without.
 *
 * @throws TypeError when the rest is no base64
 */
export function decodeKey(text: string, prefix: string): Uint8Array<ArrayBuffer> {
  const bytes = decodeBase64(text.startsWith(prefix) ? text.slice(prefix.length) : text)
  if (bytes !== null) return bytes
  throw new TypeError(`Cannot use webhook secret: it is no base64, ${prefix} and base64 needed`)
}

/**
 * Makes the key of a secret once, as long as `cache` keeps it.
 *
 * @throws What `make` throws
 */
export function cachedKey<Key extends {}>(
  cache: LruCache<Key>,
  secret: WebhookSecret,
  make: (secret: WebhookSecret) => Key,
): Key {
  const id = typeof secret + String(secret)
  const cached = cache.get(id)
  if (cached !== undefined) return cached
  const key = make(secret)
  cache.set(id, key)
  return key
}

function secretBytes(
  secret: WebhookSecret,
  decode: (text: string) => Uint8Array,
  minBytes: number,
): Uint8Array {
  const bytes: unknown = typeof secret === 'string' ? decode(secret) : secret
  if (!(bytes instanceof Uint8Array))
    throw new TypeError('Cannot use webhook secret: it is no text or bytes')
  if (bytes.length < minBytes)
    throw new RangeError(
      `Cannot use webhook secret: it has ${bytes.length} bytes, at least ${minBytes} needed`,
    )
  return bytes
}
