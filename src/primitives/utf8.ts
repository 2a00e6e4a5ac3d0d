const encoder = /* @__PURE__ */ new TextEncoder()
const decoder = /* @__PURE__ */ new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** @returns `text` as UTF-8 */
export function encodeUtf8(text: string): Uint8Array<ArrayBuffer> {
  return encoder.encode(text)
}

/**
 * @returns `bytes` as text, a byte order mark kept
 * @throws TypeError when `bytes` are not UTF-8
 */
export function decodeUtf8(bytes: Uint8Array): string {
  return decoder.decode(bytes)
}

/** @returns How many bytes `text` has in UTF-8 */
export function utf8Length(text: string): number {
  return encoder.encode(text).length
}
