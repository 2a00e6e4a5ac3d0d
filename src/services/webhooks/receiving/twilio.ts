import { decodeBase64 } from '../../../primitives/base64.ts'
import { encodeHex } from '../../../primitives/hex.ts'
import type { HmacKey } from '../../../primitives/hmac.ts'
import { createLruCache } from '../../../primitives/lru-cache.ts'
import { decodeUtf8, encodeUtf8 } from '../../../primitives/utf8.ts'
import { signedContent, type WebhookPayload } from '../signing/signed-content.ts'
import { cachedKey, textKey, type WebhookSecret } from '../signing/webhook-keys.ts'
import { eventText } from './event-field.ts'
import type { WebhookIdentity, WebhookScheme } from './webhook-scheme.ts'

/** Options of {@link twilioWebhook}. */
export interface TwilioWebhookOptions {
  /**
   * The URL as Twilio calls it, which behind a proxy is not the one this server sees: the whole URL, or a function from
   * the one seen. Default: the one seen, which only a `Request` tells.
   */
  readonly url?: string | ((seen: string) => string)
}

/**
 * Twilio: `X-Twilio-Signature`, HMAC-SHA1 in base64 over the URL and the sorted form fields, keyed with the primary auth
 * token; JSON bodies are covered by their SHA-256 in the URL's `bodySHA256`. No time is signed. The type is `message.` or
 * `call.` and the status.
 *
 * Twilio signs neither its port nor escapes in the query reliably, so the URL is tried with and without them.
 *
 * @see https://www.twilio.com/docs/usage/webhooks/webhooks-security
 */
export function twilioWebhook({ url: publicUrl }: TwilioWebhookOptions = {}): WebhookScheme {
  const cache = createLruCache<HmacKey>(256)
  return {
    name: 'twilio',
    signatureHeader: 'x-twilio-signature',
    toleranceMs: 300_000,
    async verify({ payload, url: seen, header }, secrets) {
      const keys = secrets.map((secret) => cachedKey(cache, secret, sha1Key))
      if (keys.length === 0) throw new RangeError('Cannot verify webhook: no secret is given')
      const written = header('x-twilio-signature')
      if (written === null) return 'missing_signature'
      const signature = decodeBase64(written)
      if (signature === null) return 'malformed_signature'
      const url = typeof publicUrl === 'string' ? publicUrl : urlFrom(seen, publicUrl)
      const fields = await signedFields(url, payload, header('content-type'))
      if (fields === null) return 'signature_mismatch'
      for (const candidate of urlSpellings(url))
        for (const key of keys)
          if (await key.verify(signature, encodeUtf8(candidate + fields)))
            return { timestamp: null }
      return 'signature_mismatch'
    },
    identify,
  }
}

/**
 * What Twilio signs after the URL: each field's name and value, fields by name and a repeated field's values once each, in
 * order; nothing when the URL has the hash of the body.
 *
 * @returns `null` when the body is not what the URL says, or no form
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
  const fields = new Map<string, Set<string>>()
  const form = new URLSearchParams(typeof payload === 'string' ? payload : decodeUtf8(payload))
  for (const [name, value] of form) fields.set(name, (fields.get(name) ?? new Set()).add(value))
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

/** Without the port and with it, and with the apostrophes of the query that URL parsers escape and Twilio does not. */
function urlSpellings(url: string): ReadonlySet<string> {
  const parts = /^(https?):\/\/((?:[^/?#]*@)?(?:\[[^\]/?#]*\]|[^:/?#]*))(:\d+)?(.*)$/is.exec(url)
  if (parts === null) return new Set([url])
  const [, scheme = '', host = '', port, rest = ''] = parts
  const ported = port ?? (scheme.toLowerCase() === 'https' ? ':443' : ':80')
  const spellings = [`${scheme}://${host}${rest}`, `${scheme}://${host}${ported}${rest}`]
  return new Set(spellings.flatMap((spelling) => [spelling, spelling.replaceAll('%27', "'")]))
}

function urlFrom(seen: string | undefined, toPublic?: (seen: string) => string): string {
  if (seen === undefined)
    throw new TypeError(
      'Cannot verify webhook: Twilio signs the URL, pass twilioWebhook({ url }) or use readWebhook',
    )
  return toPublic === undefined ? seen : toPublic(seen)
}

function sha1Key(secret: WebhookSecret): HmacKey {
  return textKey(secret, 'SHA-1')
}

function identify(event: unknown): WebhookIdentity {
  const message = eventText(event, 'MessageSid')
  const status = eventText(event, 'MessageStatus') ?? eventText(event, 'SmsStatus')
  const call = eventText(event, 'CallSid')
  const callStatus = eventText(event, 'CallStatus')
  // One message or call has many callbacks, so its id is not the delivery's: the body tells them apart.
  return {
    id: message ?? call,
    idIsSigned: false,
    type: (status && `message.${status}`) ?? (callStatus && `call.${callStatus}`),
  }
}
