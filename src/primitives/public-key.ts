import {
  DER,
  readDer,
  readDerBytes,
  readDerInside,
  readDerUnsigned,
  type DerElement,
} from './der.ts'
import {
  createEcdsaPublicKey,
  ECDSA_NUMBER_BYTES,
  readEcdsaSignature,
  type EcdsaCurve,
} from './ecdsa.ts'
import { encodeHex } from './hex.ts'
import { createRsaPublicKey, type RsaHash } from './rsa.ts'

/** How a signature is made. */
export interface SignatureAlgorithm {
  readonly kind: PublicKey['kind']
  readonly hash: RsaHash
}

/** A public key that is strong enough to believe: RSA of 2,048 to 8,192 bits, P-256 or P-384. */
export interface PublicKey {
  readonly kind: 'rsa' | 'ecdsa'
  /**
   * @param signature As certificates and vendors write it: ECDSA in DER
   * @returns Whether `signature` is one of `message`; never rejects
   */
  verify(
    hash: RsaHash,
    signature: Uint8Array<ArrayBuffer>,
    message: Uint8Array<ArrayBuffer>,
  ): Promise<boolean>
}

/** What stands in front of a key: rsaEncryption with NULL, or id-ecPublicKey with a named curve. */
const RSA_KEY = '300d06092a864886f70d0101010500'
const ECDSA_KEYS: Readonly<Record<string, EcdsaCurve>> = {
  '301306072a8648ce3d020106082a8648ce3d030107': 'P-256',
  '301006072a8648ce3d020106052b81040022': 'P-384',
}

/**
 * Least and most bytes of an RSA modulus: shorter ones can be broken, longer ones cost too much.
 */
export const RSA_SIGNATURE_BYTES = { least: 256, most: 1024 } as const

/**
 * @returns `null` when `spki` (SubjectPublicKeyInfo, RFC 5280 §4.1.2.7) is another or a weak key
 */
export function readPublicKey(spki: Uint8Array<ArrayBuffer>): PublicKey | null {
  const outer = readDer(spki)
  const fields = outer?.length === 1 ? readDerInside(outer[0], DER.sequence) : null
  const [algorithm, bits] = fields ?? []
  const key = readDerBytes(bits)
  if (fields?.length !== 2 || algorithm === undefined || key === null) return null
  const named = encodeHex(algorithm.whole)
  if (named === RSA_KEY) return rsaKey(spki, readDer(key))
  const curve = Object.hasOwn(ECDSA_KEYS, named) ? ECDSA_KEYS[named] : undefined
  return curve === undefined ? null : ecdsaKey(spki, curve, key)
}

function rsaKey(
  spki: Uint8Array<ArrayBuffer>,
  outer: readonly DerElement[] | null,
): PublicKey | null {
  const numbers = outer?.length === 1 ? readDerInside(outer[0], DER.sequence) : null
  const [modulus, exponent] = (numbers ?? []).map(readDerUnsigned)
  if (numbers?.length !== 2 || !modulus || !exponent) return null
  const { length, 0: first = 0 } = modulus
  const { least, most } = RSA_SIGNATURE_BYTES
  // A key of 2,047 bits has as many bytes as one of 2,048, but its highest bit is a zero.
  if (length < least || length > most || (length === least && first < 0x80)) return null
  if ((modulus.at(-1) ?? 0) % 2 === 0) return null
  // With an exponent of 1 everybody can sign; beyond 32 bits only the verifier works for it.
  const isOdd = (exponent.at(-1) ?? 0) % 2 === 1
  if (!isOdd || exponent.length > 4 || (exponent.length === 1 && exponent[0] === 1)) return null
  const key = createRsaPublicKey(spki)
  return {
    kind: 'rsa',
    verify: async (hash, signature, message) =>
      signature.length === length && tryVerify(() => key.verify(hash, signature, message)),
  }
}

function ecdsaKey(
  spki: Uint8Array<ArrayBuffer>,
  curve: EcdsaCurve,
  point: Uint8Array,
): PublicKey | null {
  const size = ECDSA_NUMBER_BYTES[curve]
  // Uncompressed, the one form that every runtime reads.
  if (point.length !== 1 + 2 * size || point[0] !== 4) return null
  const key = createEcdsaPublicKey(spki, curve)
  return {
    kind: 'ecdsa',
    async verify(hash, signature, message) {
      const numbers = readEcdsaSignature(signature, size)
      if (hash === 'SHA-1' || numbers === null) return false
      return tryVerify(() => key.verify(numbers, message, hash))
    },
  }
}

/** A point that is not on its curve is found out when the platform takes the key. */
async function tryVerify(verify: () => Promise<boolean>): Promise<boolean> {
  try {
    return await verify()
  } catch {
    return false
  }
}
