import { decodeBase64, encodeBase64 } from '../../../primitives/base64.ts'
import { checkOptions } from '../../../primitives/check-options.ts'
import { percentEncode } from '../../../primitives/percent.ts'
import { encodeUtf8 } from '../../../primitives/utf8.ts'
import { systemNow, type Clock } from '../../../runtime/ports/platform/clock.ts'
import { lifeOf, type CdnSigner, type SignedUrlOptions } from './cdn-urls.ts'

/** Options of {@link cloudFrontSigner}. */
export interface CloudFrontSignerOptions {
  /** As the key group shows it. */
  readonly keyPairId: string
  /** PEM of an RSA key, PKCS #8 or PKCS #1. */
  readonly privateKey: string
  /** What the signature hashes with. Default `SHA-1`, which every distribution takes. */
  readonly hash?: 'SHA-1' | 'SHA-256'
  /** Only for clients of these addresses, as `203.0.113.0/24`. It makes policies custom. */
  readonly ipAddress?: string
  /** Default: the platform's. */
  readonly clock?: Pick<Clock, 'now'>
}

/** Options of {@link CloudFrontSigner.cookies}. */
export interface CloudFrontCookieOptions extends Pick<SignedUrlOptions, 'expiresIn' | 'window'> {
  /** What they open, as `https://cdn.example/videos/*`; a `*` makes the policy custom. */
  readonly resource: string
}

/** Signs URLs and cookies of CloudFront. */
export interface CloudFrontSigner extends CdnSigner {
  /**
   * @returns Cookies by their names; set each with `Secure; HttpOnly` for the CDN's domain
   */
  cookies(options: CloudFrontCookieOptions): Promise<Readonly<Record<string, string>>>
}

/** RSA's object identifier with its absent parameters, and the version before it. */
const PKCS8_HEAD = [0x02, 1, 0, 0x30, 13, 6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 13, 1, 1, 1, 5, 0]

/**
 * Signs for CloudFront with WebCrypto: a canned policy where only the end matters, else a custom
 * one.
 *
 * @example
 * const signer = cloudFrontSigner({ keyPairId: 'K2JCJMDEHXQW5F', privateKey: pem })
 * const cookies = await signer.cookies({ resource: 'https://cdn.example/videos/*' })
 *
 * @throws TypeError when an option is missing or unknown; RangeError when the key is no PEM of RSA
 */
export function cloudFrontSigner(options: CloudFrontSignerOptions): CloudFrontSigner {
  const more = ['hash', 'ipAddress', 'clock'] as const
  checkOptions('sign for CloudFront', options, ['keyPairId', 'privateKey'], more)
  const { keyPairId, hash = 'SHA-1', ipAddress, clock = { now: systemNow } } = options
  if (!/^[A-Z0-9]{8,32}$/i.test(keyPairId))
    throw new RangeError('Cannot sign for CloudFront: keyPairId is none')
  if (ipAddress !== undefined && !/^[\da-f.:]{2,45}(?:\/\d{1,3})?$/i.test(ipAddress))
    throw new RangeError('Cannot sign for CloudFront: ipAddress is no address and no range')
  const pkcs8 = readPem(options.privateKey)
  const algorithm = { name: 'RSASSA-PKCS1-v1_5', hash }
  // The key is kept, never its promise: on Workers a promise made for one request may not be
  // awaited by another.
  let key: CryptoKey | undefined

  async function signed(policy: string): Promise<string> {
    key ??= await crypto.subtle.importKey('pkcs8', pkcs8, algorithm, false, ['sign'])
    return safe(new Uint8Array(await crypto.subtle.sign(algorithm.name, key, encodeUtf8(policy))))
  }

  async function partsOf(resource: string, expiresAt: number): Promise<[string, string][]> {
    const seconds = Math.floor(expiresAt / 1000)
    const custom = ipAddress !== undefined || resource.includes('*')
    const condition = {
      DateLessThan: { 'AWS:EpochTime': seconds },
      ...(ipAddress !== undefined && { IpAddress: { 'AWS:SourceIp': rangeOf(ipAddress) } }),
    }
    const policy = JSON.stringify({ Statement: [{ Resource: resource, Condition: condition }] })
    return [
      custom ? ['Policy', safe(encodeUtf8(policy))] : ['Expires', String(seconds)],
      ['Key-Pair-Id', keyPairId],
      ['Signature', await signed(policy)],
      ...(hash === 'SHA-256' ? [['Hash-Algorithm', 'SHA256'] satisfies [string, string]] : []),
    ]
  }

  return {
    async sign(url, { expiresAt }) {
      const parts = await partsOf(url, expiresAt)
      const query = parts.map(([name, value]) => `${name}=${percentEncode(value)}`).join('&')
      return `${url}${url.includes('?') ? '&' : '?'}${query}`
    },
    async cookies(given) {
      checkOptions('sign cookies', given, ['resource'], ['expiresIn', 'window'])
      const { expiresAt } = lifeOf(given, clock.now())
      const parts = await partsOf(given.resource, expiresAt)
      return Object.fromEntries(parts.map(([name, value]) => [`CloudFront-${name}`, value]))
    },
  }
}

/** Base64 as CloudFront writes it in URLs. */
function safe(bytes: Uint8Array): string {
  return encodeBase64(bytes).replaceAll('+', '-').replaceAll('=', '_').replaceAll('/', '~')
}

function rangeOf(address: string): string {
  if (address.includes('/')) return address
  return `${address}/${address.includes(':') ? 128 : 32}`
}

/** @returns The key as PKCS #8 */
function readPem(pem: string): Uint8Array<ArrayBuffer> {
  const match =
    /^\s*-----BEGIN (RSA )?PRIVATE KEY-----([\sA-Za-z0-9+/=]+)-----END (?:RSA )?PRIVATE KEY-----\s*$/.exec(
      // Environment variables often hold the two characters in place of a line break.
      pem.replaceAll(String.raw`\n`, '\n'),
    )
  const der = decodeBase64((match?.[2] ?? '').replace(/\s/g, ''))
  if (der === null || der.length === 0)
    throw new RangeError('Cannot sign for CloudFront: privateKey is no PEM of an RSA key')
  if (match?.[1] === undefined) return der
  return element(0x30, [...PKCS8_HEAD, ...element(0x04, der)])
}

/** One element of DER. */
function element(tag: number, content: readonly number[] | Uint8Array): Uint8Array<ArrayBuffer> {
  const { length } = content
  const size = length < 128 ? [length] : [0x82, length >> 8, length & 0xff]
  return new Uint8Array([tag, ...size, ...content])
}
