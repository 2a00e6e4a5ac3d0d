import { asText } from './base64-text.ts'

/** Digits of six characters: shorter ones are ids. */
const LEAST = 12

/**
 * Decodes what may be a text in hex digits, whole or cut, with `0x` before it or not. Hashes and
 * ids are none: of their bytes most are no characters.
 *
 * @returns The text, `undefined` where it is none
 */
export function hexText(text: string, start: number, end: number): string | undefined {
  const from = text.charCodeAt(start + 1) === 120 ? start + 2 : start
  const length = (end - from) & ~1
  if (length < LEAST) return undefined
  let bytes = ''
  for (let at = from; at < from + length; at += 2) {
    const byte = valueOf(text.charCodeAt(at)) * 16 + valueOf(text.charCodeAt(at + 1))
    // Not a digit of hex, or a character that no text has.
    if (!(byte > 31 || byte === 9 || byte === 10 || byte === 13)) return undefined
    bytes += String.fromCharCode(byte)
  }
  return valueOf(text.charCodeAt(end - 1)) < 0 ? undefined : asText(bytes)
}

/** Of a digit in hex; less than all bytes where it is none. */
function valueOf(code: number): number {
  if (code > 47 && code < 58) return code - 48
  const small = code | 32
  return small > 96 && small < 103 ? small - 87 : -1000
}
