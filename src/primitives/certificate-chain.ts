import { verifyRsa, type RsaHash } from './rsa.ts'
import type { Certificate } from './x509.ts'

/** A root that is trusted without further proof: its name (DER in hexadecimal) and its key (SubjectPublicKeyInfo). */
export interface TrustAnchor {
  readonly subject: string
  readonly publicKey: Uint8Array<ArrayBuffer>
}

/** sha256WithRSAEncryption and its siblings (RFC 8017 §A.2.4). */
const RSA_HASHES: Readonly<Record<string, RsaHash>> = {
  '2a864886f70d01010b': 'SHA-256',
  '2a864886f70d01010c': 'SHA-384',
  '2a864886f70d01010d': 'SHA-512',
}

/**
 * Checks that the first certificate is vouched for by an anchor, through the others (RFC 5280 §6, RSA only): every link
 * signed, valid at `now`, and every issuer an authority with room for those below it. Revocation is not looked up.
 *
 * @param now ms since 1970
 */
export async function isTrustedChain(
  chain: readonly Certificate[],
  anchors: readonly TrustAnchor[],
  now: number,
): Promise<boolean> {
  let [current] = chain
  // Each round goes one link up, and a chain without a circle has no more links than certificates.
  for (let below = 0; current !== undefined && below < chain.length; below++) {
    const { issuer, notBefore, notAfter, hasUnknownDemands }: Certificate = current
    if (hasUnknownDemands || now < notBefore || now > notAfter) return false
    for (const anchor of anchors)
      if (anchor.subject === issuer && (await isSignedBy(current, anchor.publicKey))) return true
    const next = chain.find(
      (other) => other.subject === issuer && other.isAuthority && other.pathLength >= below,
    )
    if (next === undefined || !(await isSignedBy(current, next.publicKey))) return false
    current = next
  }
  return false
}

async function isSignedBy(
  { algorithm, signature, signed }: Certificate,
  publicKey: Uint8Array<ArrayBuffer>,
): Promise<boolean> {
  const hash = RSA_HASHES[algorithm]
  if (hash === undefined) return false
  try {
    return await verifyRsa(publicKey, hash, signature, signed)
  } catch {
    // The issuer's key is of another kind than the signature.
    return false
  }
}
