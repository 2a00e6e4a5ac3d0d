import { encodeBase64 } from '../../src/primitives/base64.ts'
import { DER } from '../../src/primitives/der.ts'
import { encodeUtf8 } from '../../src/primitives/utf8.ts'

/** A certificate with its private key, to issue others or to sign with. */
export interface TestCertificate {
  readonly pem: string
  readonly der: Uint8Array<ArrayBuffer>
  readonly name: string
  readonly keys: CryptoKeyPair
}

/** What {@link issueCertificate} makes. */
export interface IssueOptions {
  /** Common name of the subject. */
  readonly name: string
  /** Default: signed by itself. */
  readonly issuer?: TestCertificate
  /** Default false. */
  readonly isAuthority?: boolean
  /** Most authorities below. Default: not limited. */
  readonly pathLength?: number
  /** ms since 1970. Default 2020. */
  readonly notBefore?: number
  /** ms since 1970. Default 2049. */
  readonly notAfter?: number
  /** Whether its key may sign certificates. Default: as `isAuthority`. */
  readonly maySign?: boolean
  /** Adds a critical extension that nobody knows. Default false. */
  readonly demands?: boolean
  /** Default: made. */
  readonly keys?: CryptoKeyPair
}

const RSA = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' }
const SHA256_WITH_RSA = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0b]
const COMMON_NAME = [0x55, 0x04, 0x03]
const BASIC_CONSTRAINTS = [0x55, 0x1d, 0x13]
const KEY_USAGE = [0x55, 0x1d, 0x0f]

/** Makes an RSA key pair for certificates: 2,048 bits. */
export async function generateRsaKeys(): Promise<CryptoKeyPair> {
  return crypto.subtle.generateKey(
    { ...RSA, modulusLength: 2048, publicExponent: new Uint8Array([1, 0, 1]) },
    true,
    ['sign', 'verify'],
  )
}

/** Issues an X.509 certificate (RFC 5280) with WebCrypto alone, so that each runtime can have its own. */
export async function issueCertificate(options: IssueOptions): Promise<TestCertificate> {
  const { name, issuer, keys = await generateRsaKeys() } = options
  const { notBefore = Date.UTC(2020, 0, 1), notAfter = Date.UTC(2049, 11, 31) } = options
  const spki = new Uint8Array(await crypto.subtle.exportKey('spki', keys.publicKey))
  const algorithm = sequence(element(DER.objectId, SHA256_WITH_RSA), element(0x05))
  const signed = sequence(
    element(0xa0, element(DER.integer, [2])),
    element(DER.integer, [1]),
    algorithm,
    nameOf(issuer?.name ?? name),
    sequence(time(notBefore), time(notAfter)),
    nameOf(name),
    spki,
    element(0xa3, sequence(...extensionsOf(options))),
  )
  const signer = (issuer?.keys ?? keys).privateKey
  const signature = new Uint8Array(await crypto.subtle.sign(RSA.name, signer, signed))
  const der = sequence(signed, algorithm, element(DER.bitString, [0], signature))
  const lines = encodeBase64(der)
    .match(/.{1,64}/g)
    ?.join('\n')
  return {
    pem: `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`,
    der,
    name,
    keys,
  }
}

function extensionsOf({
  isAuthority,
  maySign = isAuthority,
  pathLength,
  demands,
}: IssueOptions): readonly Uint8Array[] {
  const constraints = sequence(
    ...(isAuthority ? [element(DER.boolean, [0xff])] : []),
    ...(pathLength === undefined ? [] : [element(DER.integer, [pathLength])]),
  )
  const usage = element(DER.bitString, maySign ? [1, 0x06] : [7, 0x80])
  return [
    extension(BASIC_CONSTRAINTS, constraints),
    extension(KEY_USAGE, usage),
    ...(demands ? [extension([0x2a, 0x03], element(0x05))] : []),
  ]
}

function extension(id: readonly number[], value: Uint8Array): Uint8Array {
  return sequence(
    element(DER.objectId, id),
    element(DER.boolean, [0xff]),
    element(DER.octetString, value),
  )
}

function nameOf(commonName: string): Uint8Array {
  const text = element(0x0c, encodeUtf8(commonName))
  return sequence(element(DER.set, sequence(element(DER.objectId, COMMON_NAME), text)))
}

function time(ms: number): Uint8Array {
  const digits = new Date(ms).toISOString().replace(/[-:T]|\.\d+/g, '')
  const isUtc = ms < Date.UTC(2050, 0, 1)
  return element(
    isUtc ? DER.utcTime : DER.generalizedTime,
    encodeUtf8(isUtc ? digits.slice(2) : digits),
  )
}

function sequence(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  return element(DER.sequence, ...parts)
}

function element(
  tag: number,
  ...parts: readonly (Uint8Array | readonly number[])[]
): Uint8Array<ArrayBuffer> {
  const content = parts.flatMap((part) => [...part])
  const { length } = content
  const size =
    length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 255]
  return new Uint8Array([tag, ...size, ...content])
}
