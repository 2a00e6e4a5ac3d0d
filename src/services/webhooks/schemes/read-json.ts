import { decodeUtf8 } from '../../../primitives/utf8.ts'
import type { Json } from '../../../runtime/ports/json.ts'
import type { WebhookPayload } from '../signing/signed-content.ts'

/**
 * Reads JSON in UTF-8, the same wherever a body is read: a byte order mark in front is let go, as
 * RFC 8259 §8.1 allows.
 *
 * @throws SyntaxError when the body is no JSON, TypeError when it is no UTF-8
 */
export function readJson(payload: WebhookPayload): Json {
  const text = typeof payload === 'string' ? payload : decodeUtf8(payload)
  // What JSON.parse makes is Json.
  return JSON.parse(text.startsWith('\ufeff') ? text.slice(1) : text) as Json
}
