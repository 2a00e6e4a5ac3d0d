import { encodeHex } from '../../../../primitives/hex.ts'
import { signedContent, type WebhookPayload } from '../../signing/signed-content.ts'

/** Most fields of a form that are looked at; Twilio's have some 60. */
const MAX_FIELDS = 1000

/**
 * The texts of which Twilio may have signed one: each spelling of the URL, and the fields of a
 * form.
 *
 * @param url The URL that was called, absolute
 * @param contentType The request's; `null` when it is not known
 * @returns None when the body is not what the URL says, or no form
 */
export async function twilioContents(
  url: string,
  payload: WebhookPayload,
  contentType: string | null,
): Promise<readonly string[]> {
  const fields = await signedFields(url, payload, contentType)
  return fields === null ? [] : urlSpellings(url).map((spelling) => spelling + fields)
}

/**
 * What Twilio signs after the URL: each field's name and value, fields by name and a repeated
 * field's values once each, in order; nothing when the URL has the hash of the body.
 *
 * @returns `null` when the body is not what the URL says, or no form, or has too many fields
 */
async function signedFields(
  url: string,
  payload: WebhookPayload,
  contentType: string | null,
): Promise<string | null> {
  const expected = new URL(url).searchParams.get('bodySHA256')
  if (expected !== null) {
    const digest = await crypto.subtle.digest('SHA-256', signedContent('', payload))
    return encodeHex(new Uint8Array(digest)) === expected ? '' : null
  }
  // Read as a form it is covered, so nobody may make the application read it as something else.
  if (contentType !== null && !/^application\/x-www-form-urlencoded\b/i.test(contentType))
    return null
  const text = decode(payload)
  if (text.split('&', MAX_FIELDS + 1).length > MAX_FIELDS) return null
  const fields = new Map<string, Set<string>>()
  for (const [name, value] of new URLSearchParams(text))
    fields.set(name, (fields.get(name) ?? new Set()).add(value))
  return [...fields]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, values]) =>
      [...values]
        .toSorted()
        .map((value) => name + value)
        .join(''),
    )
    .join('')
}

/**
 * Without the port and with it, and with the apostrophes of the query that URL parsers escape and
 * Twilio does not.
 */
function urlSpellings(url: string): readonly string[] {
  const parts = /^(https?):\/\/((?:[^/?#]*@)?(?:\[[^\]/?#]*\]|[^:/?#]*))(:\d+)?(.*)$/is.exec(url)
  if (parts === null) return [url]
  const [, scheme = '', host = '', port, rest = ''] = parts
  const ported = port ?? (scheme.toLowerCase() === 'https' ? ':443' : ':80')
  const spellings = [`${scheme}://${host}${rest}`, `${scheme}://${host}${ported}${rest}`]
  return [...new Set(spellings.flatMap((url) => [url, url.replaceAll('%27', "'")]))]
}

/** Bytes that are no UTF-8 are nothing that Twilio sends, and must not be an error of ours. */
function decode(payload: WebhookPayload): string {
  if (typeof payload === 'string') return payload
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(payload)
}
