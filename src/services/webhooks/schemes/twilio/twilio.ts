import { decodeBase64 } from '../../../../primitives/base64.ts'
import { equalBytes } from '../../../../primitives/equal-bytes.ts'
import type { HmacKey } from '../../../../primitives/hmac.ts'
import { encodeUtf8 } from '../../../../primitives/utf8.ts'
import { createKeyring, textKey, type WebhookSecret } from '../../signing/webhook-keys.ts'
import { eventText } from '../event-field.ts'
import { readSignatures } from '../read-signatures.ts'
import type { WebhookIdentity, WebhookScheme } from '../webhook-scheme.ts'
import { twilioContents } from './twilio-content.ts'

/** Options of {@link twilioWebhook}. */
export interface TwilioWebhookOptions {
  /**
   * The URL as Twilio calls it, which behind a proxy is not the one this server sees: the whole
   * URL, or a function from the one seen. Default: the one seen, which only a `Request` tells.
   */
  readonly url?: string | ((seen: string) => string)
}

/** The code of HMAC-SHA1, bytes. */
const SIGNATURE_BYTES = 20

/**
 * Twilio: `X-Twilio-Signature`, HMAC-SHA1 in base64 over the URL and the sorted form fields, keyed
 * with the primary auth token; JSON bodies are covered by their SHA-256 in the URL's `bodySHA256`.
 * No time is signed. The type is `message.` or `call.` and the status.
 *
 * Twilio signs neither its port nor escapes in the query reliably, so the URL is tried with and
 * without them.
 *
 * One message or call has many webhooks, some with the same body. Twilio's own repetitions are told
 * by `I-Twilio-Idempotency-Token`, which is not signed: nothing stops a replay by someone else.
 *
 * @example
 * const scheme = twilioWebhook({ url: 'https://example.com/sms' })
 * const { event } = await readWebhook(request, { scheme, secrets: env.TWILIO_AUTH_TOKEN })
 *
 * @throws TypeError when the URL is none
 * @see https://www.twilio.com/docs/usage/webhooks/webhooks-security
 */
export function twilioWebhook({ url: publicUrl }: TwilioWebhookOptions = {}): WebhookScheme {
  if (typeof publicUrl === 'string' && !URL.canParse(publicUrl))
    throw new TypeError('Cannot verify Twilio webhooks: url is no absolute URL, one expected')
  const keyOf = createKeyring(sha1Key)
  const urlOf = (seen: string | undefined): string => {
    if (typeof publicUrl === 'string') return publicUrl
    if (seen !== undefined) return publicUrl === undefined ? seen : publicUrl(seen)
    throw new TypeError(
      'Cannot verify webhook: Twilio signs the URL, pass twilioWebhook({ url }) or use readWebhook',
    )
  }
  return {
    name: 'twilio',
    signatureHeader: 'x-twilio-signature',
    toleranceMs: 300_000,
    async verify({ payload, url: seen, header }, secrets) {
      const keys = secrets.map(keyOf)
      if (keys.length === 0) throw new RangeError('Cannot verify webhook: no secret is given')
      const url = urlOf(seen)
      const written = header('x-twilio-signature')
      if (!written) return 'missing_signature'
      const signatures = readSignatures(written, decodeBase64).flatMap(({ bytes }) => bytes ?? [])
      if (signatures.length === 0) return 'malformed_signature'
      if (!signatures.some(({ length }) => length === SIGNATURE_BYTES)) return 'signature_mismatch'
      const contents = await twilioContents(url, payload, header('content-type') || null)
      for (const content of contents.map(encodeUtf8))
        for (const key of keys) {
          const code = await key.sign(content)
          if (signatures.some((signature) => equalBytes(code, signature)))
            return { timestamp: null }
        }
      return 'signature_mismatch'
    },
    identify(event, { url, header }) {
      const token = header('i-twilio-idempotency-token')
      return { ...identify(event), deliveryId: token ? `${urlOf(url)} ${token}` : null }
    },
  }
}

function sha1Key(secret: WebhookSecret): HmacKey {
  return textKey(secret, 'SHA-1')
}

function identify(event: unknown): WebhookIdentity {
  const message = eventText(event, 'MessageSid')
  const status = eventText(event, 'MessageStatus') ?? eventText(event, 'SmsStatus')
  const call = eventText(event, 'CallSid')
  const callStatus = eventText(event, 'CallStatus')
  return {
    id: message ?? call,
    idIsSigned: false,
    type: (status && `message.${status}`) ?? (callStatus && `call.${callStatus}`),
  }
}
