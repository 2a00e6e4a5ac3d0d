import { decodeUtf8 } from './utf8.ts'

/**
 * Reads JSON as it arrived, the same wherever a body is read: in UTF-8, and a byte order mark in
 * front is let go, as RFC 8259 §8.1 allows.
 *
 * @returns What `JSON.parse` makes of it
 * @throws SyntaxError when it is no JSON, TypeError when it is no UTF-8
 */
export function readJson(received: string | Uint8Array): unknown {
  const text = typeof received === 'string' ? received : decodeUtf8(received)
  return JSON.parse(text.startsWith('\ufeff') ? text.slice(1) : text)
}
