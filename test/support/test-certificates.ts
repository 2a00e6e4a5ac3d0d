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
  /** Names of hosts. Default: no alternative names. */
  readonly hosts?: readonly string[]
  /** What the key is for, {@link PURPOSES}. Default: not said. */
  readonly purposes?: readonly (readonly number[])[]
  /** Adds constraints on names: only those below this one. Default: none. */
  readonly permitted?: { readonly host: string; readonly isCritical: boolean }
  /** Extensions that stand there twice, by {@link EXTENSIONS}. Default: none. */
  readonly twice?: readonly (readonly number[])[]
  /** Default: made. */
  readonly keys?: CryptoKeyPair
}

/** Kinds of keys that {@link generateKeys} makes. */
export type KeyKind = 'P-256' | 'P-384' | 'P-521' | number

/** Purposes of keys. */
export const PURPOSES = {
  server: [0x2b, 6, 1, 5, 5, 7, 3, 1],
  client: [0x2b, 6, 1, 5, 5, 7, 3, 2],
  code: [0x2b, 6, 1, 5, 5, 7, 3, 3],
} as const

/** Extensions of certificates. */
export const EXTENSIONS = {
  keyUsage: [0x55, 0x1d, 0x0f],
  alternativeNames: [0x55, 0x1d, 0x11],
  basicConstraints: [0x55, 0x1d, 0x13],
  nameConstraints: [0x55, 0x1d, 0x1e],
  extendedKeyUsage: [0x55, 0x1d, 0x25],
} as const

const COMMON_NAME = [0x55, 0x04, 0x03]
const SHA256_WITH_RSA = sequence(
  element(DER.objectId, [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 0x0b]),
  element(0x05),
)
const SHA256_WITH_ECDSA = sequence(element(DER.objectId, [0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2]))
const SHA384_WITH_ECDSA = sequence(element(DER.objectId, [0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 3]))

/** @param kind A curve, or how many bits RSA has. Default 2,048 bits */
export async function generateKeys(kind: KeyKind = 2048): Promise<CryptoKeyPair> {
  const algorithm =
    typeof kind === 'number'
      ? {
          name: 'RSASSA-PKCS1-v1_5',
          hash: 'SHA-256',
          modulusLength: kind,
          publicExponent: new Uint8Array([1, 0, 1]),
        }
      : { name: 'ECDSA', namedCurve: kind }
  return crypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
}

/**
 * Signs as certificates and vendors do: RSA with PKCS #1 and SHA-256, ECDSA in DER with SHA-384 on
 * P-384 and SHA-256 on other curves.
 */
export async function signWith(
  { privateKey }: CryptoKeyPair,
  content: Uint8Array<ArrayBuffer>,
  hash: string = hashOf(privateKey),
): Promise<Uint8Array<ArrayBuffer>> {
  if (privateKey.algorithm.name !== 'ECDSA')
    return new Uint8Array(await crypto.subtle.sign('RSASSA-PKCS1-v1_5', privateKey, content))
  const algorithm = { name: 'ECDSA', hash }
  const numbers = new Uint8Array(await crypto.subtle.sign(algorithm, privateKey, content))
  const half = numbers.length / 2
  return sequence(integer(numbers.subarray(0, half)), integer(numbers.subarray(half)))
}

/** Issues an X.509 certificate (RFC 5280) with WebCrypto alone, so that each runtime has its own. */
export async function issueCertificate(options: IssueOptions): Promise<TestCertificate> {
  const { name, issuer, keys = await generateKeys() } = options
  const { notBefore = Date.UTC(2020, 0, 1), notAfter = Date.UTC(2049, 11, 31) } = options
  const spki = new Uint8Array(await crypto.subtle.exportKey('spki', keys.publicKey))
  const signer = issuer?.keys ?? keys
  const algorithm = algorithmOf(signer.privateKey)
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
  const signature = await signWith(signer, signed)
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

function hashOf(key: CryptoKey): string {
  return Reflect.get(key.algorithm, 'namedCurve') === 'P-384' ? 'SHA-384' : 'SHA-256'
}

function algorithmOf(key: CryptoKey): Uint8Array {
  if (key.algorithm.name !== 'ECDSA') return SHA256_WITH_RSA
  return hashOf(key) === 'SHA-384' ? SHA384_WITH_ECDSA : SHA256_WITH_ECDSA
}

function extensionsOf(options: IssueOptions): readonly Uint8Array[] {
  const { isAuthority, maySign = isAuthority, pathLength, demands } = options
  const { hosts, purposes, permitted, twice = [] } = options
  const constraints = sequence(
    ...(isAuthority ? [element(DER.boolean, [0xff])] : []),
    ...(pathLength === undefined ? [] : [element(DER.integer, [pathLength])]),
  )
  const values: [id: readonly number[], value: Uint8Array, isCritical: boolean][] = [
    [EXTENSIONS.basicConstraints, constraints, true],
    [EXTENSIONS.keyUsage, element(DER.bitString, maySign ? [1, 0x06] : [7, 0x80]), true],
  ]
  if (hosts !== undefined) {
    const names = hosts.map((host) => element(0x82, encodeUtf8(host)))
    values.push([EXTENSIONS.alternativeNames, sequence(...names), false])
  }
  if (purposes !== undefined) {
    const ids = purposes.map((purpose) => element(DER.objectId, purpose))
    values.push([EXTENSIONS.extendedKeyUsage, sequence(...ids), false])
  }
  if (permitted !== undefined) {
    const subtree = sequence(element(0x82, encodeUtf8(permitted.host)))
    const only = sequence(element(0xa0, subtree))
    values.push([EXTENSIONS.nameConstraints, only, permitted.isCritical])
  }
  if (demands) values.push([[0x2a, 0x03], element(0x05), true])
  const again = values.filter(([id]) => twice.includes(id))
  return [...values, ...again].map(([id, value, isCritical]) =>
    sequence(
      element(DER.objectId, id),
      ...(isCritical ? [element(DER.boolean, [0xff])] : []),
      element(DER.octetString, value),
    ),
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

/** A number without a sign, in its shortest form. */
function integer(bytes: Uint8Array): Uint8Array {
  const start = bytes.findIndex((byte) => byte !== 0)
  const shortest = start < 0 ? [0] : [...bytes.subarray(start)]
  return element(DER.integer, (shortest[0] ?? 0) >= 0x80 ? [0, ...shortest] : shortest)
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
