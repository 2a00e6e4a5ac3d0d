import { encodeHex } from '../../../primitives/hex.ts'
import { createHmacSha256 } from '../../../primitives/hmac-sha256.ts'
import { percentEncode } from '../../../primitives/percent.ts'
import { sha256 } from '../../../primitives/sha256.ts'
import { encodeUtf8 } from '../../../primitives/utf8.ts'

/** A key pair of AWS or of whoever speaks like it. */
export interface S3Credentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  /** With temporary credentials. */
  readonly sessionToken?: string
}

/** What is signed, every part as it is sent. */
export interface CanonicalRequest {
  readonly method: string
  /** Percent-encoded. */
  readonly path: string
  /** Encoded names and values, sorted, without those of the signature. */
  readonly query: string
  /** Names in lower case. All of them are signed. */
  readonly headers: Readonly<Record<string, string>>
  /** Hexadecimal SHA-256 of the body, or what stands for it. */
  readonly payload: string
}

/** For what a signature is valid, and when it was made. */
export interface SigningScope {
  /** `20261129T120000Z`. */
  readonly amzDate: string
  readonly region: string
  readonly service: string
}

export const ALGORITHM = 'AWS4-HMAC-SHA256'
export const UNSIGNED_PAYLOAD = 'UNSIGNED-PAYLOAD'

/** Signs for one key pair. The key of a day is made once. */
export type AwsSigner = (signed: CanonicalRequest | string, scope: SigningScope) => string

/**
 * Signs as AWS does (Signature Version 4), at once: no promise, for hashing so little in WebCrypto
 * takes a hundred times as long as the hash.
 *
 * @returns A function from a request, or the text of a policy, to its signature in hexadecimal
 */
export function createAwsSigner(secretAccessKey: string): AwsSigner {
  let madeFor = ''
  let sign: (message: Uint8Array) => Uint8Array = () => new Uint8Array()
  return (signed, scope) => {
    const scopeText = scopeOf(scope)
    if (madeFor !== scopeText) {
      sign = signingKey(secretAccessKey, scope)
      madeFor = scopeText
    }
    return encodeHex(
      sign(encodeUtf8(typeof signed === 'string' ? signed : stringToSign(signed, scope))),
    )
  }
}

/** @returns `20261129/eu-central-1/s3/aws4_request` */
export function scopeOf({ amzDate, region, service }: SigningScope): string {
  return `${amzDate.slice(0, 8)}/${region}/${service}/aws4_request`
}

/** @returns Names of the headers that are signed, sorted, with semicolons between them */
export function signedHeadersOf(headers: Readonly<Record<string, string>>): string {
  return Object.keys(headers).toSorted().join(';')
}

/** @returns The text whose hash is signed */
export function canonicalText({ method, path, query, headers, payload }: CanonicalRequest): string {
  let lines = `${method}\n${path}\n${query}\n`
  const names = Object.keys(headers).toSorted()
  for (const name of names) {
    const value = headers[name] ?? ''
    lines += `${name}:${value.trim().replace(/\s+/g, ' ')}\n`
  }
  return `${lines}\n${names.join(';')}\n${payload}`
}

/** @returns The text that is signed */
export function stringToSign(request: CanonicalRequest, scope: SigningScope): string {
  const hash = encodeHex(sha256(encodeUtf8(canonicalText(request))))
  return `${ALGORITHM}\n${scope.amzDate}\n${scopeOf(scope)}\n${hash}`
}

/** @returns An instant in ms as `20261129T120000Z` */
export function amzDateOf(now: number): string {
  return new Date(now).toISOString().replace(/[:-]|\.\d{3}/g, '')
}

/** @returns A query of names and values, encoded and in the order in which it is signed */
export function queryOf(
  parameters: readonly (readonly [name: string, value: string | undefined])[],
): string {
  return parameters
    .flatMap(([name, value]) =>
      value === undefined ? [] : [[percentEncode(name), percentEncode(value)]],
    )
    .sort((a, b) => (a.join('\n') < b.join('\n') ? -1 : 1))
    .map((pair) => pair.join('='))
    .join('&')
}

function signingKey(
  secretAccessKey: string,
  { amzDate, region, service }: SigningScope,
): (message: Uint8Array) => Uint8Array {
  let key: Uint8Array = encodeUtf8(`AWS4${secretAccessKey}`)
  for (const part of [amzDate.slice(0, 8), region, service, 'aws4_request'])
    key = createHmacSha256(key)(encodeUtf8(part))
  return createHmacSha256(key)
}
