import { decodeHex } from '../../../primitives/hex.ts'
import { encodeUtf8 } from '../../../primitives/utf8.ts'
import { eventField, eventText } from './event-field.ts'
import { parseJson } from './parse-json.ts'
import { signatureScheme } from './signature-scheme.ts'
import type { WebhookScheme } from './webhook-scheme.ts'

/** Mailgun goes on trying for 8 hours, and does not say that it signs each try anew. */
const TOLERANCE_MS = 32_400_000

/**
 * Mailgun: a `timestamp`, a `token` and their HMAC-SHA256 in hexadecimal inside the body, keyed
 * with the webhook signing key. **Nothing else of the body is signed**: whoever has seen one
 * delivery can send another body with it. Receivers that remember do so by the token, which stops
 * that; look the event up at Mailgun before something valuable depends on it.
 *
 * @example
 * const { event } = await readWebhook(request, { scheme: mailgunWebhook(), secrets })
 *
 * @see https://documentation.mailgun.com/docs/mailgun/user-manual/webhooks/securing-webhooks
 */
export function mailgunWebhook(): WebhookScheme {
  return signatureScheme({
    name: 'mailgun',
    headers: [],
    tolerance: TOLERANCE_MS,
    read(_values, { payload }) {
      const { timestamp, token, signature } = proofIn(parseJson(payload))
      if (timestamp === null || token === null || signature === null) return 'missing_signature'
      return {
        signatures: [{ bytes: decodeHex(signature) }],
        content: encodeUtf8(timestamp + token),
        timestamp,
      }
    },
    identify(event) {
      const data = eventField(event, 'event-data')
      const { token } = proofIn(event)
      return {
        id: eventText(data, 'id'),
        idIsSigned: false,
        type: eventText(data, 'event'),
        replayId: token,
      }
    },
  })
}

function proofIn(
  event: unknown,
): Readonly<Record<'timestamp' | 'token' | 'signature', string | null>> {
  const proof = eventField(event, 'signature')
  return {
    timestamp: eventText(proof, 'timestamp'),
    token: eventText(proof, 'token'),
    signature: eventText(proof, 'signature'),
  }
}
