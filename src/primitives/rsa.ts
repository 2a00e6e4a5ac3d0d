/** Hashes that RSA signatures are made with. */
export type RsaHash = 'SHA-1' | 'SHA-256' | 'SHA-384' | 'SHA-512'

/** Verifies RSASSA-PKCS1-v1_5 (RFC 8017 §8.2). */
export interface RsaPublicKey {
  /**
   * @returns Whether `signature` is one of `message`
   * @throws DOMException when the key is no RSA key
   */
  verify(
    hash: RsaHash,
    signature: Uint8Array<ArrayBuffer>,
    message: Uint8Array<ArrayBuffer>,
  ): Promise<boolean>
}

const NAME = 'RSASSA-PKCS1-v1_5'

/** @param spki A public key as SubjectPublicKeyInfo */
export function createRsaPublicKey(spki: Uint8Array): RsaPublicKey {
  const bytes = new Uint8Array(spki)
  // The keys are kept, never their promises: on Workers a promise made for one request may not be
  // awaited by another.
  const keys = new Map<RsaHash, CryptoKey>()
  return {
    async verify(hash, signature, message) {
      const key =
        keys.get(hash) ??
        (await crypto.subtle.importKey('spki', bytes, { name: NAME, hash }, false, ['verify']))
      keys.set(hash, key)
      return crypto.subtle.verify(NAME, key, signature, message)
    },
  }
}

/**
 * Verifies a signature with RSASSA-PKCS1-v1_5 once.
 *
 * @param spki The public key as SubjectPublicKeyInfo
 * @throws DOMException when `spki` is no RSA key
 */
export function verifyRsa(
  spki: Uint8Array<ArrayBuffer>,
  hash: RsaHash,
  signature: Uint8Array<ArrayBuffer>,
  message: Uint8Array<ArrayBuffer>,
): Promise<boolean> {
  return createRsaPublicKey(spki).verify(hash, signature, message)
}
