import { decodeBase64, encodeBase64 } from './base64.ts'

/** @returns `bytes` in base64url without padding (RFC 4648 §5, as JOSE and Web Push write it) */
export function encodeBase64Url(bytes: Uint8Array): string {
  return encodeBase64(bytes).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '')
}

/**
 * Decodes exactly what {@link encodeBase64Url} writes: no padding, no whitespace, no stray bits.
 *
 * @returns The bytes, or `null` when `text` is no canonical base64url
 */
export function decodeBase64Url(text: string): Uint8Array<ArrayBuffer> | null {
  if (/[^A-Za-z0-9_-]/.test(text)) return null
  const padding = '='.repeat((4 - (text.length % 4)) % 4)
  return decodeBase64(text.replaceAll('-', '+').replaceAll('_', '/') + padding)
}
