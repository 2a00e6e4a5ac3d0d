import { encodeUtf8 } from '../../../primitives/utf8.ts'

/**
 * A body exactly as it travels: its bytes, or text that travels as UTF-8. Never a parsed object.
 */
export type WebhookPayload = string | Uint8Array

/** @returns What a scheme signs: some text in front of the body */
export function signedContent(prefix: string, payload: WebhookPayload): Uint8Array<ArrayBuffer> {
  if (typeof payload === 'string') return encodeUtf8(prefix + payload)
  const head = encodeUtf8(prefix)
  const content = new Uint8Array(head.length + payload.length)
  content.set(head)
  content.set(payload, head.length)
  return content
}

/**
 * @throws TypeError when the body is neither text nor bytes, with the reason that most callers need
 */
export function checkPayload(payload: unknown): asserts payload is WebhookPayload {
  if (!(typeof payload === 'string' || payload instanceof Uint8Array))
    throw new TypeError(
      'Cannot use webhook body: it is no text or bytes, the raw body is needed (JSON written again is not what was signed)',
    )
}
