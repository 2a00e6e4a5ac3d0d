import { decodeBase64 } from '../../../../primitives/base64.ts'
import type { HmacKey } from '../../../../primitives/hmac.ts'
import { encodeUtf8 } from '../../../../primitives/utf8.ts'
import { createKeyring, textKey, type WebhookSecret } from '../../signing/webhook-keys.ts'
import { eventText } from '../event-field.ts'
import { twilioContents } from './twilio-content.ts'
import type { WebhookIdentity, WebhookScheme } from '../webhook-scheme.ts'

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
  const keyOf = createKeyring(sha1Key)
  return {
    name: 'twilio',
    signatureHeader: 'x-twilio-signature',
    toleranceMs: 300_000,
    async verify({ payload, url: seen, header }, secrets) {
      const keys = secrets.map(keyOf)
      if (keys.length === 0) throw new RangeError('Cannot verify webhook: no secret is given')
      const written = header('x-twilio-signature')
      if (written === null) return 'missing_signature'
      const signature = decodeBase64(written)
      if (signature === null) return 'malformed_signature'
      const url = typeof publicUrl === 'string' ? publicUrl : urlFrom(seen, publicUrl)
      const contents = await twilioContents(url, payload, header('content-type'))
      for (const content of contents)
        for (const key of keys)
          if (await key.verify(signature, encodeUtf8(content))) return { timestamp: null }
      return 'signature_mismatch'
    },
    identify,
  }
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
