import { generateKeyPairSync, sign, type KeyObject } from 'node:crypto'
import { expect, test } from 'vitest'
import { readPublicKey } from './public-key.ts'

const message = new TextEncoder().encode('message')

test.each([
  ['RSA of 2,048 bits', rsa(2048), 'rsa', 'sha256', 'SHA-256'],
  ['RSA of 2,056 bits', rsa(2056), 'rsa', 'sha384', 'SHA-384'],
  ['RSA of 3,072 bits with exponent 3', rsa(3072, 3), 'rsa', 'sha512', 'SHA-512'],
  ['RSA of 2,048 bits, SHA-1', rsa(2048), 'rsa', 'sha1', 'SHA-1'],
  ['P-256', curve('P-256'), 'ecdsa', 'sha256', 'SHA-256'],
  ['P-256, SHA-512', curve('P-256'), 'ecdsa', 'sha512', 'SHA-512'],
  ['P-384', curve('P-384'), 'ecdsa', 'sha384', 'SHA-384'],
  ['P-384, SHA-256', curve('P-384'), 'ecdsa', 'sha256', 'SHA-256'],
] as const)('readPublicKey() reads %s, and verifies what Node signs', async (...given) => {
  const [, { publicKey, privateKey }, kind, algorithm, hash] = given
  const key = readPublicKey(spkiOf(publicKey))
  expect(key?.kind).toBe(kind)
  const signature = new Uint8Array(sign(algorithm, message, privateKey))
  expect(await key?.verify(hash, signature, message)).toBe(true)
  for (const other of [new Uint8Array(), signature.slice(1), new Uint8Array([...signature, 0])])
    expect(await key?.verify(hash, other, message)).toBe(false)
  expect(await key?.verify(hash, signature, message.slice(1))).toBe(false)
})

const strong = spkiOf(rsa(2048).publicKey)
const point = spkiOf(curve('P-256').publicKey)

test.each([
  ['RSA of 1,024 bits', spkiOf(rsa(1024).publicKey)],
  ['RSA of 2,040 bits', spkiOf(rsa(2040).publicKey)],
  ['RSA of 2,047 bits', strong.with(indexOfModulus(strong), 0x7f)],
  ['RSA with an even modulus', strong.with(strong.length - 6, 2)],
  ['RSA with exponent 1', withExponent(strong, [1])],
  ['RSA with an even exponent', withExponent(strong, [2])],
  ['RSA with an exponent of 40 bits', withExponent(strong, [1, 0, 0, 0, 1])],
  ['RSA-PSS', spkiOf(generateKeyPairSync('rsa-pss', { modulusLength: 2048 }).publicKey)],
  ['P-521', spkiOf(curve('P-521').publicKey)],
  ['secp256k1', spkiOf(generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).publicKey)],
  ['Ed25519', spkiOf(generateKeyPairSync('ed25519').publicKey)],
  [
    'DSA',
    spkiOf(generateKeyPairSync('dsa', { modulusLength: 2048, divisorLength: 256 }).publicKey),
  ],
  ['bytes behind it', new Uint8Array([...strong, 0])],
  ['half of it', strong.slice(0, 100)],
  ['a compressed point', point.with(26, 2)],
  ['nothing', new Uint8Array()],
])('readPublicKey() refuses %s', (_what, spki) => {
  expect(readPublicKey(spki)).toBeNull()
})

test('readPublicKey() takes the same keys with other numbers', () => {
  for (const exponent of [[3], [0x10, 1], [1, 0, 0, 1], [0x7f, 0, 0, 1]])
    expect(readPublicKey(withExponent(strong, exponent))?.kind).toBe('rsa')
})

test('readPublicKey() finds out with the first signature that a point is not on its curve', async () => {
  const key = readPublicKey(point.map((byte, index) => (index > 60 ? 1 : byte)))
  const { privateKey } = curve('P-256')
  const signature = new Uint8Array(sign('sha256', message, privateKey))
  expect(await key?.verify('SHA-256', signature, message)).toBe(false)
  expect(await readPublicKey(point)?.verify('SHA-1', signature, message)).toBe(false)
})

interface Pair {
  readonly publicKey: KeyObject
  readonly privateKey: KeyObject
}

function rsa(modulusLength: number, publicExponent = 65_537): Pair {
  return generateKeyPairSync('rsa', { modulusLength, publicExponent })
}

function curve(namedCurve: string): Pair {
  return generateKeyPairSync('ec', { namedCurve })
}

function spkiOf(key: KeyObject): Uint8Array<ArrayBuffer> {
  return new Uint8Array(key.export({ type: 'spki', format: 'der' }))
}

/** Where the modulus of a key of 2,048 bits begins, behind the zero that keeps it positive. */
function indexOfModulus(spki: Uint8Array): number {
  return spki.length - 5 - 256
}

/** The key with another exponent than 65,537, and with lengths that fit. */
function withExponent(spki: Uint8Array, exponent: readonly number[]): Uint8Array<ArrayBuffer> {
  const grown = exponent.length - 3
  const changed = new Uint8Array([...spki.slice(0, -4), exponent.length, ...exponent])
  // The lengths of the whole, of the bit string and of the numbers, in two bytes each.
  for (const at of [2, 21, 26]) changed.set([spki[at] ?? 0, (spki[at + 1] ?? 0) + grown], at)
  return changed
}
