/** @returns `bytes` in lower-case hexadecimal */
export function encodeHex(bytes: Uint8Array): string {
  let text = ''
  const digits = hexDigits(bytes)
  // As many arguments as every engine takes; put together digit by digit it takes twice the time.
  for (let at = 0; at < digits.length; at += 4096)
    text += String.fromCharCode(...digits.subarray(at, at + 4096))
  return text
}

/** @returns The same as the codes of its characters */
export function hexDigits(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const digits = new Uint8Array(2 * bytes.length)
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at] ?? 0
    digits[2 * at] = digitOf(byte >> 4)
    digits[2 * at + 1] = digitOf(byte & 15)
  }
  return digits
}

function digitOf(value: number): number {
  return value + (value < 10 ? 48 : 87)
}

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
