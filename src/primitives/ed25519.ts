import { decodeBase64Url } from './base64url.ts'

/** Bytes of a private key's seed and of a public key (RFC 8032 §5.1.5). */
export const ED25519_KEY_BYTES = 32

/** Verifies. */
export interface Ed25519PublicKey {
  /**
   * @returns Whether `signature` is one of `message` (RFC 8032 §5.1.7); one of another length than
   *   64 bytes is not
   */
  verify(signature: Uint8Array<ArrayBuffer>, message: Uint8Array<ArrayBuffer>): Promise<boolean>
}

/** Signs. */
export interface Ed25519PrivateKey {
  /** @returns The signature of `message` (RFC 8032 §5.1.6), 64 bytes */
  sign(message: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>>
}

/**
 * What stands before the seed in PKCS #8 (RFC 8410 §7): version 0, id-Ed25519, an octet string in
 * an octet string.
 */
const PKCS8_PREFIX = [48, 46, 2, 1, 0, 48, 5, 6, 3, 43, 101, 112, 4, 34, 4, 32]

/**
 * @param publicKey 32 bytes
 * @throws RangeError when it has another length
 */
export function createEd25519PublicKey(publicKey: Uint8Array): Ed25519PublicKey {
  checkLength(publicKey)
  const bytes = new Uint8Array(publicKey)
  // The key is kept, never its promise: on Workers a promise made for one request may not be
  // awaited by another.
  let key: CryptoKey | null = null
  return {
    async verify(signature, message) {
      // workerd throws where the others answer false.
      if (signature.length !== 64) return false
      key ??= await crypto.subtle.importKey('raw', bytes, 'Ed25519', false, ['verify'])
      return crypto.subtle.verify('Ed25519', key, signature, message)
    },
  }
}

/**
 * @param seed 32 bytes
 * @throws RangeError when it has another length
 */
export function createEd25519PrivateKey(seed: Uint8Array): Ed25519PrivateKey {
  const pkcs8 = encodePkcs8(seed)
  let key: CryptoKey | null = null
  return {
    async sign(message) {
      key ??= await crypto.subtle.importKey('pkcs8', pkcs8, 'Ed25519', false, ['sign'])
      return new Uint8Array(await crypto.subtle.sign('Ed25519', key, message))
    },
  }
}

/**
 * @param seed 32 bytes
 * @returns The 32 bytes of the public key that belongs to it
 * @throws RangeError when the seed has another length
 */
export async function deriveEd25519PublicKey(seed: Uint8Array): Promise<Uint8Array<ArrayBuffer>> {
  const key = await crypto.subtle.importKey('pkcs8', encodePkcs8(seed), 'Ed25519', true, ['sign'])
  const { x = '' } = await crypto.subtle.exportKey('jwk', key)
  const publicKey = decodeBase64Url(x)
  if (publicKey === null) throw new TypeError('Cannot derive Ed25519 public key: the JWK has no x')
  return publicKey
}

function encodePkcs8(seed: Uint8Array): Uint8Array<ArrayBuffer> {
  checkLength(seed)
  return new Uint8Array([...PKCS8_PREFIX, ...seed])
}

function checkLength({ length }: Uint8Array): void {
  if (length !== ED25519_KEY_BYTES)
    throw new RangeError(`Cannot use Ed25519 key: it has ${length} bytes, 32 needed`)
}
