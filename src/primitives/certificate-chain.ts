import { readPublicKey, type PublicKey, type SignatureAlgorithm } from './public-key.ts'
import type { Certificate } from './x509.ts'

/** A root that is trusted without further proof. */
export interface TrustAnchor {
  /** Its name, DER in hexadecimal. */
  readonly subject: string
  /** SubjectPublicKeyInfo. */
  readonly publicKey: Uint8Array<ArrayBuffer>
  /** ms since 1970. Default: always. */
  readonly notBefore?: number
  /** ms since 1970. Default: never. */
  readonly notAfter?: number
  /** Most authorities below it in a chain. Default: not limited. */
  readonly pathLength?: number
  /** Whether it may issue certificates of servers. Default true. */
  readonly isAuthority?: boolean
  /** Whether it demands something that is not looked at here. Default false. */
  readonly hasUnknownDemands?: boolean
}

/** How certificates are signed, by the DER of the algorithm (RFC 8017 §A.2.4, RFC 5758 §3.2). */
const ALGORITHMS: Readonly<Record<string, SignatureAlgorithm>> = {
  '300d06092a864886f70d01010b0500': { kind: 'rsa', hash: 'SHA-256' },
  '300d06092a864886f70d01010c0500': { kind: 'rsa', hash: 'SHA-384' },
  '300d06092a864886f70d01010d0500': { kind: 'rsa', hash: 'SHA-512' },
  '300a06082a8648ce3d040302': { kind: 'ecdsa', hash: 'SHA-256' },
  '300a06082a8648ce3d040303': { kind: 'ecdsa', hash: 'SHA-384' },
  '300a06082a8648ce3d040304': { kind: 'ecdsa', hash: 'SHA-512' },
}

/** Most signatures that are checked for one chain, however its certificates name one another. */
const MAX_CHECKS = 32

/**
 * Checks that the first certificate is one of a server and vouched for by an anchor, through the
 * others in any order (RFC 5280 §6): every link signed with a strong key, valid at `now`, and every
 * issuer an authority with room for those below it. Of issuers that have one name, each is tried.
 * Revocation is not looked up; a certificate with constraints on names is not trusted.
 *
 * @param now ms since 1970
 */
export async function isTrustedChain(
  chain: readonly Certificate[],
  anchors: readonly TrustAnchor[],
  now: number,
): Promise<boolean> {
  let checks = 0

  async function isSignedBy(certificate: Certificate, key: PublicKey | null): Promise<boolean> {
    const { algorithm, signature, signed } = certificate
    const { kind, hash } = Object.hasOwn(ALGORITHMS, algorithm) ? (ALGORITHMS[algorithm] ?? {}) : {}
    if (key === null || hash === undefined || key.kind !== kind) return false
    return ++checks <= MAX_CHECKS && key.verify(hash, signature, signed)
  }

  /** @param below How many authorities stand between `current` and the leaf, `current` included */
  async function leadsToAnchor(
    current: Certificate,
    below: number,
    path: readonly Certificate[],
  ): Promise<boolean> {
    for (const anchor of anchors)
      if (anchor.subject === current.issuer && mayIssue(anchor, below, now))
        if (await isSignedBy(current, readPublicKey(anchor.publicKey))) return true
    for (const issuer of chain) {
      if (issuer.subject !== current.issuer || path.includes(issuer)) continue
      if (!mayIssue(issuer, below, now)) continue
      if (!(await isSignedBy(current, readPublicKey(issuer.publicKey)))) continue
      // An authority that renewed its own certificate does not count (RFC 5280 §4.2.1.9).
      const counted = issuer.subject === issuer.issuer ? 0 : 1
      if (await leadsToAnchor(issuer, below + counted, [...path, issuer])) return true
    }
    return false
  }

  const [leaf] = chain
  if (leaf === undefined || !isServer(leaf, now)) return false
  return leadsToAnchor(leaf, 0, [leaf])
}

/**
 * Whether a certificate alone, whoever issued it, is one of a server with a strong key, valid at
 * `now`.
 */
export function isServer(certificate: Certificate, now: number): boolean {
  const { mayServe, hasUnknownDemands, publicKey } = certificate
  const isUsable = mayServe && !hasUnknownDemands && isValidAt(certificate, now)
  return isUsable && readPublicKey(publicKey) !== null
}

function mayIssue(issuer: TrustAnchor, below: number, now: number): boolean {
  const { isAuthority = true, hasUnknownDemands = false, pathLength = Infinity } = issuer
  return isAuthority && !hasUnknownDemands && pathLength >= below && isValidAt(issuer, now)
}

function isValidAt(
  { notBefore = -Infinity, notAfter = Infinity }: Pick<TrustAnchor, 'notBefore' | 'notAfter'>,
  now: number,
): boolean {
  return notBefore <= now && now <= notAfter
}
