import { decodeBase64 } from '../../../primitives/base64.ts'
import { createHmacKey, type HmacHash, type HmacKey } from '../../../primitives/hmac.ts'
import { keepLatest } from '../../../primitives/lru-cache.ts'
import { encodeUtf8 } from '../../../primitives/utf8.ts'

/** A shared secret as the sender shows it, or its bytes. */
export type WebhookSecret = string | Uint8Array

/** Prefixes of Standard Webhooks: a shared secret, a private and a public Ed25519 key. */
export const SECRET_PREFIX = 'whsec_'
export const SIGNING_KEY_PREFIX = 'whsk_'
export const VERIFICATION_KEY_PREFIX = 'whpk_'

/** Shortest secret of the Standard Webhooks specification. */
const MIN_STANDARD_SECRET_BYTES = 24

/**
 * Shortest secret of a vendor: with fewer than 128 bits, one recorded delivery is enough to guess
 * it.
 */
const MIN_TEXT_SECRET_BYTES = 16

/**
 * Most keys that a keyring holds: a service with more endpoints than that makes the others again.
 */
const MAX_KEYS = 1000

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
  const written = text.startsWith(prefix) ? text.slice(prefix.length) : text
  // Some write it without the padding.
  const bytes = decodeBase64(written.padEnd(Math.ceil(written.length / 4) * 4, '='))
  if (bytes !== null) return bytes
  throw new TypeError(`Cannot use webhook secret: it is no base64, ${prefix} and base64 needed`)
}

/**
 * @param make Makes a secret ready for use; what it throws is thrown to who asks
 * @returns A function from a secret to its key, which is made once as long as it is used
 */
export function createKeyring<Key extends {}>(
  make: (secret: WebhookSecret) => Key,
): (secret: WebhookSecret) => Key {
  const keys = new Map<string, Key>()
  return (secret) => {
    // Text stands for itself: to write something in front of it for each call costs more than to
    // look it up.
    const id = typeof secret === 'string' ? secret : `\0${String(secret)}`
    let key = keys.get(id)
    // A file's last line break is no part of its secret, and would only be a mismatch.
    if (key === undefined && /^[\r\n]|[\r\n]$/.test(id))
      throw new TypeError('Cannot use webhook secret: it begins or ends with a line break')
    key ??= make(secret)
    keepLatest(keys, MAX_KEYS, id, key)
    return key
  }
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
