import { encodeUtf8 } from '../../../../primitives/utf8.ts'

/** The keys of a subscription, decoded. */
export interface SubscriptionKeys {
  /** The browser's public key: 65 bytes, uncompressed. */
  readonly p256dh: Uint8Array<ArrayBuffer>
  /** 16 bytes. */
  readonly auth: Uint8Array<ArrayBuffer>
}

/** Our side of one message's keys, fresh for each. */
export interface MessageKeys {
  readonly pair: CryptoKeyPair
  /** 16 bytes. */
  readonly salt: Uint8Array<ArrayBuffer>
}

const ECDH = { name: 'ECDH', namedCurve: 'P-256' }
/** Our only record; what is in it must fit together with its tag. */
const RECORD_BYTES = 4096
const LAST_RECORD = 2
/**
 * What fits into a body of 4,096 bytes beside its head, the mark of its last record and the tag.
 */
export const MOST_PUSH_BYTES: number = RECORD_BYTES - 86 - 1 - 16

/** Makes keys for one message. */
export async function makeMessageKeys(salt: Uint8Array<ArrayBuffer>): Promise<MessageKeys> {
  return { pair: await crypto.subtle.generateKey(ECDH, true, ['deriveBits']), salt }
}

/**
 * Encrypts a push message for one browser: `aes128gcm` (RFC 8188) with keys as RFC 8291 has them.
 *
 * @throws DOMException when `p256dh` is no point of the curve
 */
export async function encryptPush(
  content: Uint8Array<ArrayBuffer>,
  { p256dh, auth }: SubscriptionKeys,
  { pair, salt }: MessageKeys,
): Promise<Uint8Array<ArrayBuffer>> {
  const theirs = await crypto.subtle.importKey('raw', p256dh, ECDH, false, [])
  const ours = new Uint8Array(await crypto.subtle.exportKey('raw', pair.publicKey))
  const shared = await crypto.subtle.deriveBits({ ...ECDH, public: theirs }, pair.privateKey, 256)
  const info = joined(encodeUtf8('WebPush: info\0'), p256dh, ours)
  const secret = await derive(new Uint8Array(shared), auth, info, 32)
  const key = await derive(secret, salt, encodeUtf8('Content-Encoding: aes128gcm\0'), 16)
  const iv = await derive(secret, salt, encodeUtf8('Content-Encoding: nonce\0'), 12)
  const aes = await crypto.subtle.importKey('raw', key, 'AES-GCM', false, ['encrypt'])
  const record = await crypto.subtle.encrypt(
    { name: 'AES-GCM', iv },
    aes,
    joined(content, new Uint8Array([LAST_RECORD])),
  )
  const size = new Uint8Array([0, 0, RECORD_BYTES >> 8, RECORD_BYTES & 255, ours.length])
  return joined(salt, size, ours, new Uint8Array(record))
}

/** HKDF with SHA-256 (RFC 5869), both of its steps. */
async function derive(
  secret: Uint8Array<ArrayBuffer>,
  salt: Uint8Array<ArrayBuffer>,
  info: Uint8Array<ArrayBuffer>,
  bytes: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const key = await crypto.subtle.importKey('raw', secret, 'HKDF', false, ['deriveBits'])
  const algorithm = { name: 'HKDF', hash: 'SHA-256', salt, info }
  return new Uint8Array(await crypto.subtle.deriveBits(algorithm, key, bytes * 8))
}

function joined(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}
