import { decodeUtf8 } from '../../../primitives/utf8.ts'
import type { Json } from '../../../runtime/ports/json.ts'
import { WebhookVerificationError } from '../webhook-verification-error.ts'

/**
 * Parses a verified body: JSON, or a form's fields as an object in which a repeated field is a list.
 *
 * @param contentType The request's; without one, and for `text/plain` as Amazon SNS sends it, the body is JSON
 * @returns `null` for an empty body
 * @throws WebhookVerificationError `unsupported_media_type` or `malformed_event`
 */
export function parseEvent(bytes: Uint8Array, contentType: string | null): Json {
  const [written = ''] = (contentType ?? 'application/json').split(';')
  const type = written.trim().toLowerCase()
  const isForm = type === 'application/x-www-form-urlencoded'
  if (!isForm && !/^(application\/([\w.-]+\+)?json|text\/plain)$/.test(type))
    throw new WebhookVerificationError('unsupported_media_type')
  if (bytes.length === 0) return null
  try {
    const text = decodeUtf8(bytes)
    // What JSON.parse makes is Json.
    return isForm ? parseForm(text) : (JSON.parse(text) as Json)
  } catch (cause) {
    throw new WebhookVerificationError('malformed_event', undefined, { cause })
  }
}

function parseForm(text: string): Json {
  const fields = new Map<string, string | string[]>()
  for (const [name, value] of new URLSearchParams(text)) {
    const before = fields.get(name)
    if (Array.isArray(before)) before.push(value)
    else fields.set(name, before === undefined ? value : [before, value])
  }
  return Object.fromEntries(fields)
}
