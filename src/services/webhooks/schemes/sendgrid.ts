import { decodeBase64 } from '../../../primitives/base64.ts'
import { createEcdsaPublicKey, readEcdsaSignature } from '../../../primitives/ecdsa.ts'
import { signedContent } from '../signing/signed-content.ts'
import type { WebhookSecret } from '../signing/webhook-keys.ts'
import { signatureScheme, type VerificationKey } from './signature-scheme.ts'
import type { WebhookScheme } from './webhook-scheme.ts'

/** SendGrid goes on trying for a day, and does not say that it signs each try anew. */
const TOLERANCE_MS = 90_000_000

/**
 * SendGrid's event webhook: `X-Twilio-Email-Event-Webhook-Signature`, ECDSA P-256 with SHA-256 in base64 over
 * `<X-Twilio-Email-Event-Webhook-Timestamp><body>`. The secret is the verification key that SendGrid shows, base64. A
 * body holds a list of events, so its type is `events`.
 *
 * @see https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/getting-started-event-webhook-security-features
 */
export function sendgridWebhook(): WebhookScheme {
  return signatureScheme({
    name: 'sendgrid',
    headers: ['x-twilio-email-event-webhook-signature', 'x-twilio-email-event-webhook-timestamp'],
    toleranceMs: TOLERANCE_MS,
    key: publicKey,
    read([header = '', timestamp = ''], { payload }) {
      const der = decodeBase64(header)
      return {
        signatures: [{ bytes: der && readEcdsaSignature(der, 32) }],
        content: signedContent(timestamp, payload),
        timestamp,
      }
    },
    identify: () => ({ id: null, idIsSigned: false, type: 'events' }),
  })
}

function publicKey(secret: WebhookSecret): VerificationKey {
  const spki = typeof secret === 'string' ? decodeBase64(secret) : secret
  if (spki === null)
    throw new TypeError(
      "Cannot use webhook secret: it is no base64, SendGrid's verification key needed",
    )
  return createEcdsaPublicKey(spki)
}
