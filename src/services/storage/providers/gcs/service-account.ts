import { decodeBase64 } from '../../../../primitives/base64.ts'
import { encodeBase64Url } from '../../../../primitives/base64url.ts'
import { encodeUtf8 } from '../../../../primitives/utf8.ts'
import type { Clock } from '../../../../runtime/ports/platform/clock.ts'
import type { FetchClient } from '../../../../runtime/ports/platform/fetch-client.ts'
import { createTokenSource } from '../../http/token-source.ts'
import type { GoogleSigner } from '../../signing/google-v4.ts'

/** The JSON file that Google gives out for a service account; other members are left unread. */
export interface ServiceAccount {
  readonly client_email: string
  /** PEM of PKCS #8. */
  readonly private_key: string
  /** Default: Google's. */
  readonly token_uri?: string
}

const SCOPE = 'https://www.googleapis.com/auth/devstorage.full_control'
const TOKEN_URL = 'https://oauth2.googleapis.com/token'
const HOUR_SECONDS = 3600

/** @throws RangeError when the key is no PEM of PKCS #8 */
export function createGoogleSigner(privateKey: string): GoogleSigner {
  const match = /^-----BEGIN PRIVATE KEY-----([\sA-Za-z0-9+/=]+)-----END PRIVATE KEY-----\s*$/.exec(
    // Environment variables often hold the two characters in place of a line break.
    privateKey.replaceAll(String.raw`\n`, '\n'),
  )
  const bytes = decodeBase64((match?.[1] ?? '').replace(/\s/g, ''))
  if (bytes === null || bytes.length === 0)
    throw new RangeError('Cannot use service account: private_key is no PEM of PKCS #8')
  const algorithm = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' }
  // The key is kept, never its promise: on Workers a promise made for one request may not be
  // awaited by another.
  let key: CryptoKey | undefined
  return async (message) => {
    key ??= await crypto.subtle.importKey('pkcs8', bytes, algorithm, false, ['sign'])
    return new Uint8Array(await crypto.subtle.sign(algorithm.name, key, message))
  }
}

/** Gets access tokens for a service account by a signed assertion (RFC 7523). */
export function googleToken(
  { client_email: email, token_uri: url = TOKEN_URL }: ServiceAccount,
  sign: GoogleSigner,
  { fetch, clock }: { readonly fetch: FetchClient; readonly clock: Clock },
): () => Promise<string> {
  return createTokenSource({
    fetch,
    clock,
    url,
    async form() {
      const now = Math.floor(clock.now() / 1000)
      const claims = { iss: email, scope: SCOPE, aud: url, iat: now, exp: now + HOUR_SECONDS }
      const parts = [{ alg: 'RS256', typ: 'JWT' }, claims]
      const text = parts.map((part) => encodeBase64Url(encodeUtf8(JSON.stringify(part)))).join('.')
      const assertion = `${text}.${encodeBase64Url(await sign(encodeUtf8(text)))}`
      return { grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer', assertion }
    },
  })
}
