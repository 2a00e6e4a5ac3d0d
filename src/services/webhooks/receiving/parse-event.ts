import { readJson } from '../../../primitives/read-json.ts'
import { decodeUtf8 } from '../../../primitives/utf8.ts'
import type { Json } from '../../../runtime/ports/json.ts'
import { WebhookVerificationError } from '../webhook-verification-error.ts'

/** JSON under its names, and as `text/plain`, under which Amazon SNS sends it. */
const JSON_TYPES = /^(application\/([\w.-]+\+)?json|text\/(json|plain))$/

/**
 * Parses a verified body: JSON, or a form's fields as an object in which a repeated field is a
 * list.
 *
 * @param contentType The request's; without one the body is JSON
 * @returns `null` for an empty body
 * @throws WebhookVerificationError `unsupported_media_type` or `malformed_event`
 */
export function parseEvent(bytes: Uint8Array, contentType: string | null): Json {
  const [written = ''] = (contentType ?? 'application/json').split(';')
  const type = written.trim().toLowerCase()
  const isForm = type === 'application/x-www-form-urlencoded'
  if (!isForm && !JSON_TYPES.test(type))
    throw new WebhookVerificationError('unsupported_media_type')
  if (bytes.length === 0) return null
  try {
    // What JSON.parse makes is Json.
    return isForm ? parseForm(decodeUtf8(bytes)) : (readJson(bytes) as Json)
  } catch (cause) {
    throw new WebhookVerificationError('malformed_event', undefined, { cause })
  }
}

function parseForm(text: string): Json {
  // Nobody signs the content type. Read as a form, JSON would have fields that are parts of its
  // texts; what writes forms escapes both of these.
  if (/^[\ufeff\s]*[[{]/.test(text)) throw new SyntaxError('The form begins like JSON')
  const fields = new Map<string, string | string[]>()
  for (const [name, value] of new URLSearchParams(text)) {
    const before = fields.get(name)
    if (Array.isArray(before)) before.push(value)
    else fields.set(name, before === undefined ? value : [before, value])
  }
  return Object.fromEntries(fields)
}
