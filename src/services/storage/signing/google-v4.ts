import { encodeBase64 } from '../../../primitives/base64.ts'
import { encodeHex } from '../../../primitives/hex.ts'
import { sha256 } from '../../../primitives/sha256.ts'
import { encodeUtf8 } from '../../../primitives/utf8.ts'
import { amzDateOf, canonicalText, queryOf, signedHeadersOf, UNSIGNED_PAYLOAD } from './sigv4.ts'

/** Signs bytes with the key of a service account: RSASSA-PKCS1-v1_5 with SHA-256. */
export type GoogleSigner = (message: Uint8Array<ArrayBuffer>) => Promise<Uint8Array<ArrayBuffer>>

/** A request to Google Cloud Storage's XML interface. */
export interface GoogleRequest {
  readonly method: string
  /** `https://storage.googleapis.com`, or where else it is. */
  readonly origin: string
  /** Percent-encoded. */
  readonly path: string
  readonly query?: Readonly<Record<string, string | undefined>>
  /** Must be sent exactly so. */
  readonly headers?: Readonly<Record<string, string>>
  /** The e-mail address of the service account. */
  readonly email: string
  /** ms since 1970. */
  readonly signedAt: number
  readonly expiresInSeconds: number
}

const ALGORITHM = 'GOOG4-RSA-SHA256'

/** @returns The URL but for its signature, and the texts that it is made of (V4 signing process) */
export function googleV4Texts(request: GoogleRequest): {
  readonly url: string
  readonly canonical: string
  readonly toSign: string
} {
  const { method, origin, path, query = {}, email, signedAt, expiresInSeconds } = request
  const date = amzDateOf(signedAt)
  const scope = scopeOf(date)
  const headers: Record<string, string> = {
    // Unlike AWS's, without a port.
    host: new URL(origin).hostname,
  }
  for (const [name, value] of Object.entries(request.headers ?? {}))
    headers[name.toLowerCase()] = value
  const text = queryOf([
    ...Object.entries(query),
    ['X-Goog-Algorithm', ALGORITHM],
    ['X-Goog-Credential', `${email}/${scope}`],
    ['X-Goog-Date', date],
    ['X-Goog-Expires', String(expiresInSeconds)],
    ['X-Goog-SignedHeaders', signedHeadersOf(headers)],
  ])
  const payload = headers['x-goog-content-sha256'] ?? UNSIGNED_PAYLOAD
  const canonical = canonicalText({ method, path, query: text, headers, payload })
  return {
    url: `${origin}${path}?${text}`,
    canonical,
    toSign: `${ALGORITHM}\n${date}\n${scope}\n${encodeHex(sha256(encodeUtf8(canonical)))}`,
  }
}

/** @returns A URL that may be used without credentials until it expires */
export async function signGoogleUrl(request: GoogleRequest, sign: GoogleSigner): Promise<string> {
  const { url, toSign } = googleV4Texts(request)
  return `${url}&X-Goog-Signature=${encodeHex(await sign(encodeUtf8(toSign)))}`
}

/** A form to be posted to a bucket. */
export interface GooglePolicy {
  readonly bucket: string
  readonly key: string
  /** What is posted besides, all of it as it is here. */
  readonly fields: Readonly<Record<string, string>>
  /** What else must hold, as `['content-length-range', 0, 1024]`. */
  readonly conditions: readonly (readonly (string | number)[])[]
  readonly email: string
  /** ms since 1970. */
  readonly signedAt: number
  readonly expiresAt: number
}

/** @returns The fields of a form, all but the signature, and the policy that is signed, as text */
export function googlePolicyTexts(policy: GooglePolicy): {
  readonly fields: Readonly<Record<string, string>>
  readonly policy: string
} {
  const { bucket, key, fields, conditions, email, signedAt, expiresAt } = policy
  const date = amzDateOf(signedAt)
  const credential = `${email}/${scopeOf(date)}`
  const sorted = Object.entries(fields).toSorted(([a], [b]) => (a < b ? -1 : 1))
  const text = JSON.stringify({
    conditions: [
      ...conditions,
      ...sorted.map(([name, value]) => ({ [name]: value })),
      { bucket },
      { key },
      { 'x-goog-date': date },
      { 'x-goog-credential': credential },
      { 'x-goog-algorithm': ALGORITHM },
    ],
    expiration: new Date(expiresAt).toISOString().replace(/\.\d{3}Z$/, 'Z'),
  })
  return {
    fields: {
      key,
      ...fields,
      'x-goog-algorithm': ALGORITHM,
      'x-goog-credential': credential,
      'x-goog-date': date,
    },
    // Google reads policies as ASCII.
    policy: text.replace(
      /[^\0-\x7f]/g,
      (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
    ),
  }
}

/** @returns All fields of a form */
export async function signGooglePolicy(
  policy: GooglePolicy,
  sign: GoogleSigner,
): Promise<Readonly<Record<string, string>>> {
  const texts = googlePolicyTexts(policy)
  const encoded = encodeBase64(encodeUtf8(texts.policy))
  const signature = encodeHex(await sign(encodeUtf8(encoded)))
  return { ...texts.fields, policy: encoded, 'x-goog-signature': signature }
}

function scopeOf(date: string): string {
  return `${date.slice(0, 8)}/auto/storage/goog4_request`
}
