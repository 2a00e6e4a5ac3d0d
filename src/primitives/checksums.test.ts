import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createCrc32c, createCrc64Nvme } from './crc.ts'
import { encodeHex } from './hex.ts'
import { createMd5 } from './md5.ts'
import { createSha256, sha256 } from './sha256.ts'
import { encodeUtf8 } from './utf8.ts'

interface Checksum {
  update(bytes: Uint8Array): void
  digest(): Uint8Array
}

function hexOf(checksum: Checksum, ...pieces: readonly Uint8Array[]): string {
  for (const piece of pieces) checksum.update(piece)
  return encodeHex(checksum.digest())
}

const CHECK = encodeUtf8('123456789')

test('createCrc32c() and createCrc64Nvme() give the check values of their definitions', () => {
  expect(hexOf(createCrc32c(), CHECK)).toBe('e3069283')
  expect(hexOf(createCrc64Nvme(), CHECK)).toBe('ae8b14860a799888')
  // RFC 3720 appendix B.4.
  expect(hexOf(createCrc32c(), new Uint8Array(32))).toBe('8a9136aa')
  expect(hexOf(createCrc32c(), new Uint8Array(32).fill(255))).toBe('62a8ab43')
  expect(
    hexOf(
      createCrc32c(),
      Uint8Array.from({ length: 32 }, (_, index) => index),
    ),
  ).toBe('46dd794e')
  expect(hexOf(createCrc64Nvme(), new Uint8Array(4096))).toBe('6482d367eb22b64e')
  expect(hexOf(createCrc64Nvme(), new Uint8Array(4096).fill(255))).toBe('c0ddba7302eca3ac')
})

test('createMd5() and createSha256() agree with OpenSSL, however the bytes are cut', () => {
  const pieces = fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 6 })
  fc.assert(
    fc.property(pieces, (given) => {
      const whole = Buffer.concat(given)
      const expected = (name: string): string => createHash(name).update(whole).digest('hex')
      expect(hexOf(createMd5(), ...given)).toBe(expected('md5'))
      expect(hexOf(createSha256(), ...given)).toBe(expected('sha256'))
      expect(encodeHex(sha256(whole))).toBe(expected('sha256'))
    }),
    { numRuns: 500 },
  )
})

test('checksums of every length around a block agree with OpenSSL', () => {
  for (let length = 0; length < 200; length++) {
    const bytes = Uint8Array.from({ length }, (_, index) => index * 7)
    expect(hexOf(createMd5(), bytes)).toBe(createHash('md5').update(bytes).digest('hex'))
    expect(hexOf(createSha256(), bytes)).toBe(createHash('sha256').update(bytes).digest('hex'))
  }
})

test('checks of pieces are the check of the whole', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(300), (bytes, cut) => {
      for (const create of [createCrc32c, createCrc64Nvme]) {
        const whole = hexOf(create(), bytes)
        expect(hexOf(create(), bytes.subarray(0, cut), bytes.subarray(cut))).toBe(whole)
      }
    }),
  )
})

test('createSha256() keeps streams apart that are hashed in turn', () => {
  const [first, second] = [createSha256(), createSha256()]
  for (let turn = 0; turn < 5; turn++) {
    first.update(new Uint8Array(50).fill(turn))
    second.update(new Uint8Array(70).fill(turn))
  }
  const expected = (length: number): string => {
    const hash = createHash('sha256')
    for (let turn = 0; turn < 5; turn++) hash.update(new Uint8Array(length).fill(turn))
    return hash.digest('hex')
  }
  expect(encodeHex(first.digest())).toBe(expected(50))
  expect(encodeHex(second.digest())).toBe(expected(70))
})
