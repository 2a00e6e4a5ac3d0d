import { decodeBase64 } from './base64.ts'
import { DER, readDer, readDerInside, type DerElement } from './der.ts'
import { encodeHex } from './hex.ts'

/** What checking a chain needs of a certificate (RFC 5280). Names are compared by their DER, in hexadecimal. */
export interface Certificate {
  /** What the issuer signed. */
  readonly signed: Uint8Array<ArrayBuffer>
  /** Object identifier of the signature's algorithm, its DER content in hexadecimal. */
  readonly algorithm: string
  readonly signature: Uint8Array<ArrayBuffer>
  readonly issuer: string
  readonly subject: string
  /** The subject's common name; `null` when it has none or several. */
  readonly commonName: string | null
  /** SubjectPublicKeyInfo. */
  readonly publicKey: Uint8Array<ArrayBuffer>
  /** ms since 1970 */
  readonly notBefore: number
  /** ms since 1970 */
  readonly notAfter: number
  /** Whether it may issue others: basic constraints and key usage say so. */
  readonly isAuthority: boolean
  /** Most authorities below it in a chain; `Infinity` when it does not say. */
  readonly pathLength: number
  /** Whether it demands something that is not understood here, and so must not be trusted. */
  readonly hasUnknownDemands: boolean
}

const COMMON_NAME = '550403'
const KEY_USAGE = '551d0f'
const BASIC_CONSTRAINTS = '551d13'
/** Extensions that may be critical: those two, alternative names, policies and extended key usage. */
const UNDERSTOOD = new Set([KEY_USAGE, BASIC_CONSTRAINTS, '551d11', '551d20', '551d25'])

/** Longest chain that is looked at. */
const MAX_CERTIFICATES = 8

/**
 * Reads the certificates of a PEM file (RFC 7468).
 *
 * @returns `null` when there is none, too many or one that cannot be read
 */
export function readCertificates(pem: string): readonly Certificate[] | null {
  const blocks = [...pem.matchAll(/-----BEGIN CERTIFICATE-----([^-]*)-----END CERTIFICATE-----/g)]
  if (blocks.length > MAX_CERTIFICATES) return null
  const certificates: Certificate[] = []
  for (const [, text = ''] of blocks) {
    const der = decodeBase64(text.replace(/\s/g, ''))
    const certificate = der === null ? null : readCertificate(der)
    if (certificate === null) return null
    certificates.push(certificate)
  }
  return certificates.length === 0 ? null : certificates
}

/** @returns `null` when `der` is no version 3 certificate */
export function readCertificate(der: Uint8Array<ArrayBuffer>): Certificate | null {
  const outer = readDer(der)
  const parts = outer?.length === 1 ? readDerInside(outer[0], DER.sequence) : null
  const [signed, algorithm, bits] = parts ?? []
  const fields = readDerInside(signed, DER.sequence)
  const [version, , inner, issuer, validity, subject, publicKey] = fields ?? []
  const [notBefore, notAfter] = readDerInside(validity, DER.sequence) ?? []
  const extensions = readExtensions(fields?.find(({ tag }) => tag === 0xa3))
  // A signature is whole bytes: the count of unused bits before it is not signed.
  const signature = bits?.content[0] === 0 ? readBits(bits) : null
  if (parts?.length !== 3 || !signed || !algorithm || !inner || !issuer || !subject || !publicKey)
    return null
  // The algorithm stands inside and outside of what is signed, and must be the same.
  if (version?.tag !== 0xa0 || encodeHex(algorithm.whole) !== encodeHex(inner.whole)) return null
  const times = [readTime(notBefore), readTime(notAfter)] as const
  if (times[0] === null || times[1] === null || extensions === null || signature === null)
    return null
  return {
    signed: signed.whole,
    algorithm: objectId(readDerInside(algorithm, DER.sequence)?.[0]),
    signature,
    issuer: encodeHex(issuer.whole),
    subject: encodeHex(subject.whole),
    commonName: readCommonName(subject),
    publicKey: publicKey.whole,
    notBefore: times[0],
    notAfter: times[1],
    ...extensions,
  }
}

function readExtensions(
  element: DerElement | undefined,
): Pick<Certificate, 'isAuthority' | 'pathLength' | 'hasUnknownDemands'> | null {
  let isAuthority = false
  let maySign = true
  let pathLength = Infinity
  let hasUnknownDemands = false
  if (element !== undefined) {
    const list = readDer(element.content)
    const extensions = list?.length === 1 ? readDerInside(list[0], DER.sequence) : null
    if (extensions === null) return null
    for (const extension of extensions) {
      const fields = readDerInside(extension, DER.sequence)
      const name = objectId(fields?.[0])
      const value = fields?.at(-1)
      if (value?.tag !== DER.octetString) return null
      const [critical] = fields?.length === 3 ? (fields[1]?.content ?? []) : []
      if (critical !== undefined && critical !== 0 && !UNDERSTOOD.has(name))
        hasUnknownDemands = true
      const inside = readDer(value.content)?.[0]
      if (name === KEY_USAGE) maySign = ((readBits(inside)?.[0] ?? 0) & 0x04) !== 0
      if (name === BASIC_CONSTRAINTS) {
        const [authority, path] = readDerInside(inside, DER.sequence) ?? []
        isAuthority = authority?.tag === DER.boolean && authority.content[0] === 0xff
        if (path?.tag === DER.integer) pathLength = path.content[0] ?? 0
      }
    }
  }
  return { isAuthority: isAuthority && maySign, pathLength, hasUnknownDemands }
}

function readCommonName(name: DerElement): string | null {
  const found: string[] = []
  for (const set of readDerInside(name, DER.sequence) ?? [])
    for (const attribute of readDerInside(set, DER.set) ?? []) {
      const [type, value] = readDerInside(attribute, DER.sequence) ?? []
      if (objectId(type) === COMMON_NAME && value !== undefined)
        found.push(new TextDecoder().decode(value.content))
    }
  return found.length === 1 ? (found[0] ?? null) : null
}

function readTime(element: DerElement | undefined): number | null {
  const text = String.fromCharCode(...(element?.content ?? []))
  const digits = /^(\d\d)?(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/.exec(text)
  if (digits === null) return null
  const [century, year = 0, month = 0, ...rest] = digits.slice(1).map(Number)
  // Two digits of a year mean 1950 to 2049 (RFC 5280 §4.1.2.5.1).
  const isUtc = element?.tag === DER.utcTime
  if (isUtc === Number.isInteger(century)) return null
  const fullYear = isUtc ? year + (year < 50 ? 2000 : 1900) : (century ?? 0) * 100 + year
  const [day = 0, hour = 0, minute = 0, second = 0] = rest
  return Date.UTC(fullYear, month - 1, day, hour, minute, second)
}

/** Bits that fill whole bytes, or the whole bytes of those that do not. */
function readBits(element: DerElement | undefined): Uint8Array<ArrayBuffer> | null {
  return element?.tag === DER.bitString && element.content.length > 1
    ? element.content.slice(1)
    : null
}

function objectId(element: DerElement | undefined): string {
  return element?.tag === DER.objectId ? encodeHex(element.content) : ''
}
