import { expect, test } from 'vitest'
import { decodeHex, encodeHex } from './hex.ts'

test('encodeHex() writes each byte as two digits, of any number of bytes', () => {
  const all = Uint8Array.from({ length: 256 }, (_, byte) => byte)
  expect(encodeHex(new Uint8Array())).toBe('')
  expect(encodeHex(all)).toBe(Buffer.from(all).toString('hex'))
  const many = new Uint8Array(10_000).map((_, at) => at * 7)
  expect(encodeHex(many)).toBe(Buffer.from(many).toString('hex'))
  expect(decodeHex(encodeHex(many))).toEqual(many)
})
