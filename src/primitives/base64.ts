const CHUNK_BYTES = 8192

/** @returns `bytes` in base64 with padding (RFC 4648 §4) */
export function encodeBase64(bytes: Uint8Array): string {
  const source: object = bytes
  if (hasToBase64(source)) return source.toBase64()
  let binary = ''
  for (let start = 0; start < bytes.length; start += CHUNK_BYTES)
    binary += textOf(bytes.subarray(start, start + CHUNK_BYTES))
  return btoa(binary)
}

/**
 * Decodes exactly what {@link encodeBase64} writes: no whitespace, no missing padding, no stray
 * bits, so that no two texts stand for the same bytes.
 *
 * @returns The bytes, or `null` when `text` is no canonical base64
 */
export function decodeBase64(text: string): Uint8Array<ArrayBuffer> | null {
  const binary = decodeBinary(text)
  if (btoa(binary) !== text) return null
  const bytes = new Uint8Array(binary.length)
  for (let index = 0; index < bytes.length; index++) bytes[index] = binary.charCodeAt(index)
  return bytes
}

/** Whether the engine encodes by itself (ES2026); Node 24 and older do not. */
function hasToBase64(bytes: object): bytes is { toBase64(): string } {
  return 'toBase64' in bytes
}

/**
 * `apply` takes the bytes as they are; spreading them would walk them one by one, six times as
 * long.
 */
function textOf(bytes: Uint8Array): string {
  return String(Reflect.apply(String.fromCharCode, null, bytes))
}

function decodeBinary(text: string): string {
  try {
    return atob(text)
  } catch {
    return ''
  }
}
