import { decodeBase64 } from '../../../primitives/base64.ts'
import type { TrustAnchor } from '../../../primitives/certificate-chain.ts'
import { encodeHex } from '../../../primitives/hex.ts'

/** A root that stands in the source, with what is needed of its certificate. */
export interface PinnedRoot {
  readonly name: string
  /** ISO 8601 */
  readonly notAfter: string
  /** The name's DER, base64. */
  readonly subject: string
  /** SubjectPublicKeyInfo, base64. */
  readonly publicKey: string
}

/** @returns The roots as anchors, which end with their certificates */
export function readPinnedRoots(roots: readonly PinnedRoot[]): readonly TrustAnchor[] {
  return roots.map(({ notAfter, subject, publicKey }) => ({
    subject: encodeHex(bytesOf(subject)),
    publicKey: bytesOf(publicKey),
    notAfter: Date.parse(notAfter),
  }))
}

function bytesOf(base64: string): Uint8Array<ArrayBuffer> {
  const bytes = decodeBase64(base64)
  if (bytes === null) throw new TypeError('Cannot read root certificate: it is no base64')
  return bytes
}
