import { decodeBase64 } from './base64.ts'
import {
  DER,
  readDer,
  readDerBytes,
  readDerInside,
  readDerObjectId,
  readDerUnsigned,
  type DerElement,
} from './der.ts'
import { encodeHex } from './hex.ts'
import { readExtensions, type CertificateExtensions } from './x509-extensions.ts'

/**
 * What checking a chain needs of a certificate (RFC 5280). Names are compared by their DER, in
 * hexadecimal.
 */
export interface Certificate extends CertificateExtensions {
  /** What the issuer signed. */
  readonly signed: Uint8Array<ArrayBuffer>
  /** The signature's AlgorithmIdentifier, its DER in hexadecimal. */
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
}

const COMMON_NAME = '550403'

/** Version 3, the only one with extensions. */
const VERSION_3 = 'a003020102'

/** Longest serial number, bytes (RFC 5280 §4.1.2.2). */
const MAX_SERIAL_BYTES = 20

/** Longest chain that is looked at. */
const MAX_CERTIFICATES = 8

/**
 * Reads the certificates of a PEM file (RFC 7468) that holds nothing else.
 *
 * @returns `null` when there is none, too many, one that cannot be read, or anything between them
 */
export function readCertificates(pem: string): readonly Certificate[] | null {
  const block =
    /[ \t\r\n]*-----BEGIN CERTIFICATE-----([A-Za-z0-9+/= \t\r\n]*)-----END CERTIFICATE-----[ \t\r\n]*/y
  const certificates: Certificate[] = []
  for (let end = 0; end < pem.length; end = block.lastIndex) {
    const [, text] = block.exec(pem) ?? []
    const der = text === undefined ? null : decodeBase64(text.replace(/[ \t\r\n]/g, ''))
    const certificate = der === null ? null : readCertificate(der)
    if (certificate === null || certificates.push(certificate) > MAX_CERTIFICATES) return null
  }
  return certificates.length === 0 ? null : certificates
}

/**
 * @returns Whether a certificate is for `name`, a host: by its alternative names, else its common
 *   one
 */
export function isCertificateOf({ hosts, commonName }: Certificate, name: string): boolean {
  // The common name counts only where there are no others (RFC 6125 §6.4.4).
  return hosts === null ? commonName === name : hosts.includes(name)
}

/**
 * @returns `null` when `der` is no version 3 certificate, or breaks the rules of DER or RFC 5280
 */
export function readCertificate(der: Uint8Array<ArrayBuffer>): Certificate | null {
  const outer = readDer(der)
  const parts = outer?.length === 1 ? readDerInside(outer[0], DER.sequence) : null
  const [signed, algorithm, bits] = parts ?? []
  const fields = readDerInside(signed, DER.sequence) ?? []
  const [version, serial, inner, issuer, validity, subject, publicKey] = fields
  if (parts?.length !== 3 || !signed || !algorithm || !inner || !issuer || !subject || !publicKey)
    return null
  if (encodeHex(version?.whole ?? new Uint8Array()) !== VERSION_3) return null
  const number = readDerUnsigned(serial)
  if (number === null || number.length > MAX_SERIAL_BYTES) return null
  // The algorithm stands inside and outside of what is signed, and must be the same.
  if (encodeHex(algorithm.whole) !== encodeHex(inner.whole)) return null
  // A signature is whole bytes: the count of unused bits before it is not signed.
  const signature = readDerBytes(bits)
  const times = readDerInside(validity, DER.sequence)
  const [notBefore, notAfter] = (times ?? []).map(readTime)
  const extensions = readExtensions(fields.find(({ tag }) => tag === 0xa3))
  if (times?.length !== 2 || notBefore == null || notAfter == null) return null
  if (signature === null || extensions === null || issuer.content.length === 0) return null
  return {
    signed: signed.whole,
    algorithm: encodeHex(algorithm.whole),
    signature,
    issuer: encodeHex(issuer.whole),
    subject: encodeHex(subject.whole),
    commonName: readCommonName(subject),
    publicKey: publicKey.whole,
    notBefore,
    notAfter,
    ...extensions,
  }
}

function readCommonName(name: DerElement): string | null {
  const found: string[] = []
  for (const set of readDerInside(name, DER.sequence) ?? [])
    for (const attribute of readDerInside(set, DER.set) ?? []) {
      const [type, value] = readDerInside(attribute, DER.sequence) ?? []
      if (readDerObjectId(type) === COMMON_NAME && value !== undefined)
        found.push(new TextDecoder().decode(value.content))
    }
  return found.length === 1 ? (found[0] ?? null) : null
}

function readTime({ tag, content }: DerElement): number | null {
  if (content.length > 15) return null
  const digits = String.fromCharCode(...content)
  const isUtc = tag === DER.utcTime
  if (!isUtc && tag !== DER.generalizedTime) return null
  // Two digits of a year mean 1950 to 2049 (RFC 5280 §4.1.2.5.1).
  const century = isUtc ? (digits < '5' ? '20' : '19') : ''
  const [, year = '', month, day, hour, minute, second] =
    /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/.exec(century + digits) ?? []
  const iso = `${year}-${month}-${day}T${hour}:${minute}:${second}.000Z`
  const ms = Date.parse(iso)
  // Some engines take the 31st of February for a day of March.
  return Number.isNaN(ms) || new Date(ms).toISOString() !== iso ? null : ms
}
