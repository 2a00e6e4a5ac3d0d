import { DER, readDer, readDerInside } from './der.ts'

/** Verifies ECDSA signatures in the fixed form `r‖s` that WebCrypto takes. */
export interface EcdsaPublicKey {
  /** @returns Whether `signature` (64 bytes) is one of `message`, hashed with SHA-256 */
  verify(signature: Uint8Array<ArrayBuffer>, message: Uint8Array<ArrayBuffer>): Promise<boolean>
}

/** @param spki A public key of curve P-256 as SubjectPublicKeyInfo (RFC 5480) */
export function createEcdsaPublicKey(spki: Uint8Array): EcdsaPublicKey {
  const bytes = new Uint8Array(spki)
  // The key is kept, never its promise: on Workers a promise made for one request may not be awaited by another.
  let key: CryptoKey | null = null
  return {
    async verify(signature, message) {
      const algorithm = { name: 'ECDSA', namedCurve: 'P-256' }
      key ??= await crypto.subtle.importKey('spki', bytes, algorithm, false, ['verify'])
      return crypto.subtle.verify({ name: 'ECDSA', hash: 'SHA-256' }, key, signature, message)
    },
  }
}

/**
 * Turns a signature in DER (RFC 3279 §2.2.3, as OpenSSL and most vendors write it) into `r‖s`.
 *
 * @param size Bytes of one number: 32 for P-256
 * @returns `null` when `der` is no such signature, or not the shortest way to write it
 */
export function readEcdsaSignature(
  der: Uint8Array<ArrayBuffer>,
  size: number,
): Uint8Array<ArrayBuffer> | null {
  const outer = readDer(der)
  const numbers = outer?.length === 1 ? readDerInside(outer[0], DER.sequence) : null
  if (numbers?.length !== 2) return null
  const signature = new Uint8Array(2 * size)
  for (const [index, { tag, content }] of numbers.entries()) {
    const number = tag === DER.integer ? readUnsigned(content) : null
    if (number === null || number.length > size) return null
    signature.set(number, (index + 1) * size - number.length)
  }
  return signature
}

/** @returns The number's bytes without the sign, or `null` for a negative one or one with a needless zero in front */
function readUnsigned(content: Uint8Array): Uint8Array | null {
  const [first = 0x80, second = 0x80] = content
  if (first >= 0x80) return null
  if (first !== 0) return content
  return second < 0x80 && content.length > 1 ? null : content.subarray(1)
}
