import type { TrustAnchor } from '../../../primitives/certificate-chain.ts'
import { readPublicKey } from '../../../primitives/public-key.ts'
import { readCertificates } from '../../../primitives/x509.ts'

/**
 * Reads authorities that a receiver wants to trust.
 *
 * @param what Whose messages cannot be verified without them
 * @throws TypeError when they cannot be read, or one would never be trusted
 */
export function readRoots(what: string, pem: string): readonly TrustAnchor[] {
  const roots = typeof pem === 'string' ? readCertificates(pem) : null
  if (roots === null)
    throw new TypeError(
      `Cannot verify ${what}: the roots are no certificates in PEM, 1 to 8 and nothing else expected`,
    )
  const isUsable = roots.every(
    ({ isAuthority, hasUnknownDemands, publicKey }) =>
      isAuthority && !hasUnknownDemands && readPublicKey(publicKey) !== null,
  )
  if (isUsable) return roots
  throw new TypeError(
    `Cannot verify ${what}: one of the roots is no authority with a strong key and without constraints, as each must be`,
  )
}
