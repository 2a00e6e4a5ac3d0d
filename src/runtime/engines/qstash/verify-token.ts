import { decodeBase64Url } from '../../../primitives/base64url.ts'
import { createHmacKey } from '../../../primitives/hmac.ts'
import { decodeUtf8, encodeUtf8 } from '../../../primitives/utf8.ts'
import type { Clock } from '../../ports/platform/clock.ts'

/**
 * `QSTASH_CURRENT_SIGNING_KEY` and `QSTASH_NEXT_SIGNING_KEY`: a message signed with either is
 * QStash's, so keys can be rolled.
 */
export interface SigningKeys {
  readonly current: string
  readonly next: string
}

/** Why a token is not one that QStash made for this request. */
export type TokenFault =
  | 'malformed_token'
  | 'wrong_key'
  | 'wrong_issuer'
  | 'wrong_url'
  | 'expired'
  | 'not_yet_valid'

/**
 * @returns The base64url of the body's SHA-256 that the token vouches for, without padding, or what
 *   is wrong
 */
export type VerifyToken = (
  token: string,
  url: string,
) => Promise<{ readonly bodyHash: string } | { readonly fault: TokenFault }>

const MAX_TOKEN_LENGTH = 4096

/**
 * Verifies `Upstash-Signature`, a JWT signed with HMAC SHA-256
 * (https://upstash.com/docs/qstash/features/security).
 *
 * @param toleranceMs How far QStash's clock may be from ours
 * @throws RangeError when a key is empty
 */
export function createTokenVerifier(
  { current, next }: SigningKeys,
  toleranceMs: number,
  clock: Clock,
): VerifyToken {
  const keys = [current, next].map((key) => createHmacKey(encodeUtf8(key)))

  return async (token, url) => {
    const [head = '', body = '', signature = '', ...rest] = token.split('.')
    const code = decodeBase64Url(signature)
    if (token.length > MAX_TOKEN_LENGTH || rest.length > 0 || code === null)
      return { fault: 'malformed_token' }
    // Whatever the head says, only HS256 is ever computed; another algorithm is refused all the
    // same, and so is whatever must be understood (RFC 7515 §4.1.11) or changes what is signed.
    const { alg, crit, b64 } = decodeObject(head) ?? {}
    if (alg !== 'HS256' || crit !== undefined || b64 !== undefined)
      return { fault: 'malformed_token' }
    const signed = encodeUtf8(`${head}.${body}`)
    const fits = await Promise.all(keys.map((key) => key.verify(code, signed)))
    if (!fits.includes(true)) return { fault: 'wrong_key' }

    const claims = decodeObject(body)
    if (claims === null) return { fault: 'malformed_token' }
    const { iss, sub, exp, nbf, body: hash } = claims
    if (iss !== 'Upstash') return { fault: 'wrong_issuer' }
    if (typeof sub !== 'string' || hrefOf(sub) !== hrefOf(url)) return { fault: 'wrong_url' }
    if (typeof exp !== 'number' || typeof nbf !== 'number' || typeof hash !== 'string')
      return { fault: 'malformed_token' }
    const now = clock.now()
    if (now >= exp * 1000 + toleranceMs) return { fault: 'expired' }
    if (now < nbf * 1000 - toleranceMs) return { fault: 'not_yet_valid' }
    return { bodyHash: hash.replace(/=+$/, '') }
  }
}

function decodeObject(part: string): Readonly<Record<string, unknown>> | null {
  const bytes = decodeBase64Url(part)
  if (bytes === null) return null
  try {
    const value: unknown = JSON.parse(decodeUtf8(bytes))
    return typeof value === 'object' && value !== null ? { ...value } : null
  } catch {
    return null
  }
}

/** So that `https://a.example` and `https://a.example/` are one. */
function hrefOf(url: string): string {
  return URL.canParse(url) ? new URL(url).href : url
}
