/**
 * Decodes what may be base64, four letters or more of either alphabet, whole or cut.
 *
 * @returns The text, `undefined` where it is none
 */
export function base64Text(text: string, start: number, end: number): string | undefined {
  if (!mayBeText(text, start)) return undefined
  const bare = text.slice(start, end).replaceAll('-', '+').replaceAll('_', '/')
  // `atob` throws over a rest of one.
  const bytes = atob(bare.length % 4 === 1 ? bare.slice(0, -1) : bare)
  return asText(bytes)
}

/** The text that bytes are, `undefined` where they are none. */
export function asText(bytes: string): string | undefined {
  return TEXT.test(bytes) ? fromUtf8(bytes) : undefined
}

const VALUES: Uint8Array = /* @__PURE__ */ Uint8Array.from({ length: 128 }, (_, code) => {
  const digits = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'
  const character = String.fromCharCode(code)
  return /[+-]/.test(character) ? 62 : /[/_]/.test(character) ? 63 : digits.indexOf(character)
})

/** Whether three bytes are some that a text may begin with: most words are none. */
function mayBeText(text: string, at: number): boolean {
  const a = VALUES[text.charCodeAt(at)] ?? 0
  const b = VALUES[text.charCodeAt(at + 1)] ?? 0
  const c = VALUES[text.charCodeAt(at + 2)] ?? 0
  const d = VALUES[text.charCodeAt(at + 3)] ?? 0
  const first = (a << 2) | (b >> 4)
  return (
    (isText(first) || first > 0xc1) &&
    mayGoOn(((b & 15) << 4) | (c >> 2)) &&
    mayGoOn(((c & 3) << 6) | d)
  )
}

function isText(byte: number): boolean {
  return (byte > 31 && byte < 127) || byte === 9 || byte === 10 || byte === 13
}

function mayGoOn(byte: number): boolean {
  return byte > 127 || isText(byte)
}

/** UTF-8 without the control characters that no text has; its last character may be cut. */
const TEXT =
  /^(?:[\t\n\r -~]|[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3})*[\xc2-\xf4]?[\x80-\xbf]{0,2}$/

function fromUtf8(bytes: string): string {
  if (!/[\x80-\xff]/.test(bytes)) return bytes
  return new TextDecoder().decode(Uint8Array.from(bytes, (character) => character.charCodeAt(0)))
}
