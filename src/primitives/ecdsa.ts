import { DER, readDer, readDerInside, readDerUnsigned } from './der.ts'

/** Curves whose signatures can be verified. */
export type EcdsaCurve = 'P-256' | 'P-384'

/** Hashes that ECDSA signatures are made with. */
export type EcdsaHash = 'SHA-256' | 'SHA-384' | 'SHA-512'

/** Bytes of each of a signature's two numbers. */
export const ECDSA_NUMBER_BYTES: Readonly<Record<EcdsaCurve, number>> = { 'P-256': 32, 'P-384': 48 }

/** Verifies ECDSA signatures in the fixed form `r‖s` that WebCrypto takes. */
export interface EcdsaPublicKey {
  /**
   * @param hash Default SHA-256
   * @returns Whether `signature`, 64 or 96 bytes, is one of `message`
   */
  verify(
    signature: Uint8Array<ArrayBuffer>,
    message: Uint8Array<ArrayBuffer>,
    hash?: EcdsaHash,
  ): Promise<boolean>
}

/**
 * @param spki A public key as SubjectPublicKeyInfo (RFC 5480)
 * @param curve Default P-256
 */
export function createEcdsaPublicKey(
  spki: Uint8Array,
  curve: EcdsaCurve = 'P-256',
): EcdsaPublicKey {
  const bytes = new Uint8Array(spki)
  // The key is kept, never its promise: on Workers a promise made for one request may not be
  // awaited by another.
  let key: CryptoKey | null = null
  return {
    async verify(signature, message, hash = 'SHA-256') {
      const algorithm = { name: 'ECDSA', namedCurve: curve }
      key ??= await crypto.subtle.importKey('spki', bytes, algorithm, false, ['verify'])
      return crypto.subtle.verify({ name: 'ECDSA', hash }, key, signature, message)
    },
  }
}

/**
 * Turns a signature in DER (RFC 3279 §2.2.3, as OpenSSL and most vendors write it) into `r‖s`.
 *
 * @param size Bytes of one number: 32 for P-256, 48 for P-384
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
  for (const [index, element] of numbers.entries()) {
    const number = readDerUnsigned(element)
    if (number === null || number.length > size) return null
    signature.set(number, (index + 1) * size - number.length)
  }
  return signature
}
