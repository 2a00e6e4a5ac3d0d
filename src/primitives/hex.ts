/** @returns `bytes` in lower-case hexadecimal */
export function encodeHex(bytes: Uint8Array): string {
  let text = ''
  for (const byte of bytes) text += DIGITS.charAt(byte >> 4) + DIGITS.charAt(byte & 15)
  return text
}

const DIGITS = '0123456789abcdef'

/**
 * Decodes exactly what {@link encodeHex} writes: whole bytes, lower case, no prefix, so that no two
 * texts stand for the same bytes.
 *
 * @returns The bytes, or `null` when `text` is no lower-case hexadecimal
 */
export function decodeHex(text: string): Uint8Array<ArrayBuffer> | null {
  if (text.length % 2 !== 0 || /[^0-9a-f]/.test(text)) return null
  const bytes = new Uint8Array(text.length / 2)
  return bytes.map((_, index) => Number.parseInt(text.slice(index * 2, index * 2 + 2), 16))
}
