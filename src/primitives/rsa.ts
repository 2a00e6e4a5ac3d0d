/** Hashes that RSA signatures are made with. */
export type RsaHash = 'SHA-1' | 'SHA-256' | 'SHA-384' | 'SHA-512'

/**
 * Verifies a signature with RSASSA-PKCS1-v1_5 (RFC 8017 §8.2).
 *
 * @param spki The public key as SubjectPublicKeyInfo
 * @throws DOMException when `spki` is no RSA key
 */
export async function verifyRsa(
  spki: Uint8Array<ArrayBuffer>,
  hash: RsaHash,
  signature: Uint8Array<ArrayBuffer>,
  message: Uint8Array<ArrayBuffer>,
): Promise<boolean> {
  const algorithm = { name: 'RSASSA-PKCS1-v1_5', hash }
  const key = await crypto.subtle.importKey('spki', spki, algorithm, false, ['verify'])
  return crypto.subtle.verify(algorithm.name, key, signature, message)
}
