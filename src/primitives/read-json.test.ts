import { expect, test } from 'vitest'
import { readJson } from './read-json.ts'

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

test('readJson() reads text and bytes alike, with a byte order mark or without', () => {
  for (const text of ['{"a":"ü"}', '\ufeff{"a":"ü"}']) {
    expect(readJson(text)).toEqual({ a: 'ü' })
    expect(readJson(bytes(text))).toEqual({ a: 'ü' })
  }
})

test('readJson() refuses what is no JSON, or no UTF-8', () => {
  for (const text of ['', '\ufeff', '\ufeff\ufeff1', '{', '\u00a01', 'undefined']) {
    expect(() => readJson(text)).toThrow(SyntaxError)
    expect(() => readJson(bytes(text))).toThrow(SyntaxError)
  }
  expect(() => readJson(new Uint8Array([0x22, 0xff, 0x22]))).toThrow(TypeError)
})
