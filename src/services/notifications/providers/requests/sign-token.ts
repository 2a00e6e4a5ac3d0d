import { decodeBase64 } from '../../../../primitives/base64.ts'
import { encodeBase64Url } from '../../../../primitives/base64url.ts'
import { encodeUtf8 } from '../../../../primitives/utf8.ts'

/** A private key that signs tokens (RFC 7515). */
export interface TokenKey {
  /** @returns The token in its compact form */
  sign(
    header: Readonly<Record<string, string>>,
    claims: Readonly<Record<string, string | number>>,
  ): Promise<string>
}

const ALGORITHMS = {
  RS256: { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' },
  ES256: { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' },
} as const

/**
 * @param key PKCS #8 in PEM, also with its line breaks written as `\n`, or a JWK
 * @throws TypeError when a PEM is none
 */
export function createTokenKey(
  action: string,
  alg: keyof typeof ALGORITHMS,
  key: string | JsonWebKey,
): TokenKey {
  const algorithm = ALGORITHMS[alg]
  const source = typeof key === 'string' ? derOf(action, key) : key
  // The key is kept, never its promise: on Workers a promise of one request may not be awaited in
  // another.
  let imported: CryptoKey | null = null

  async function importKey(): Promise<CryptoKey> {
    return source instanceof Uint8Array
      ? crypto.subtle.importKey('pkcs8', source, algorithm, false, ['sign'])
      : crypto.subtle.importKey('jwk', source, algorithm, false, ['sign'])
  }

  return {
    async sign(header, claims) {
      imported ??= await importKey()
      const content = [{ alg, typ: 'JWT', ...header }, claims].map(encoded).join('.')
      const signature = await crypto.subtle.sign(algorithm, imported, encodeUtf8(content))
      return `${content}.${encodeBase64Url(new Uint8Array(signature))}`
    },
  }
}

function derOf(action: string, pem: string): Uint8Array<ArrayBuffer> {
  const text = pem.replaceAll('\\n', '\n')
  const inside = /-----BEGIN PRIVATE KEY-----([^-]+)-----END PRIVATE KEY-----/.exec(text)?.[1]
  const der = decodeBase64(inside?.replaceAll(/\s/g, '') ?? '')
  if (der !== null && der.length > 0) return der
  throw new TypeError(
    `Cannot ${action}: the private key is no PEM that begins with -----BEGIN PRIVATE KEY-----`,
  )
}

function encoded(part: object): string {
  return encodeBase64Url(encodeUtf8(JSON.stringify(part)))
}
