import fc from 'fast-check'
import { expect, test } from 'vitest'
import { decodeBase64, encodeBase64 } from './base64.ts'
import { decodeBase64Url, encodeBase64Url } from './base64url.ts'
import { decodeHex, encodeHex } from './hex.ts'

const encodings = [
  { name: 'base64', encode: encodeBase64, decode: decodeBase64 },
  { name: 'base64url', encode: encodeBase64Url, decode: decodeBase64Url },
  { name: 'hex', encode: encodeHex, decode: decodeHex },
] as const

test.each(encodings)('$name agrees with Node, and decodes what it wrote, for all bytes', (it) => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      const text = it.encode(bytes)
      expect(text).toBe(Buffer.from(bytes).toString(it.name))
      expect(it.decode(text)).toEqual(new Uint8Array(bytes))
    }),
  )
})

test.each(encodings)('$name encodes more bytes than one call can spread', (it) => {
  const bytes = new Uint8Array(200_001).map((_, index) => index * 31)
  expect(it.decode(it.encode(bytes))).toEqual(bytes)
})

test.each(encodings)('$name decodes nothing but what it would write itself', (it) => {
  const written = fc.string({ unit: fc.constantFrom(...'AQg0w8aF9-_+/= \n'), maxLength: 12 })
  fc.assert(
    fc.property(fc.oneof(fc.string(), written), (text) => {
      const bytes = it.decode(text)
      if (bytes !== null) expect(it.encode(bytes)).toBe(text)
    }),
    { numRuns: 2000 },
  )
})

test.each([
  ['base64', 'AAA'],
  ['base64', 'AA=A'],
  ['base64', 'AAA=\n'],
  ['base64', ' AAA='],
  ['base64', 'AAB='],
  ['base64', 'AB=='],
  ['base64', 'A==='],
  ['base64', '===='],
  ['base64', 'AA-_'],
  ['base64url', 'AA=='],
  ['base64url', 'AA+/'],
  ['base64url', 'A'],
  ['base64url', 'AB'],
  ['hex', 'AB'],
  ['hex', 'a'],
  ['hex', '0x00'],
  ['hex', 'zz'],
  ['hex', ' 00'],
  ['hex', '٠٠'],
])('%s refuses %j', (name, text) => {
  expect(encodings.find((encoding) => encoding.name === name)?.decode(text)).toBeNull()
})
