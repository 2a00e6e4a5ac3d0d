import { decodeBase64 } from '../../../primitives/base64.ts'
import { ECDSA_NUMBER_BYTES, readEcdsaSignature } from '../../../primitives/ecdsa.ts'
import { readPublicKey } from '../../../primitives/public-key.ts'
import { signedContent } from '../signing/signed-content.ts'
import type { WebhookSecret } from '../signing/webhook-keys.ts'
import { eventText } from './event-field.ts'
import { readSignatures } from './read-signatures.ts'
import { signatureScheme, type VerificationKey } from './signature-scheme.ts'
import type { WebhookScheme } from './webhook-scheme.ts'

/** SendGrid goes on trying for a day, and does not say that it signs each try anew. */
const TOLERANCE_MS = 90_000_000

/**
 * SendGrid's event webhook: `X-Twilio-Email-Event-Webhook-Signature`, ECDSA P-256 with SHA-256 in
 * base64 over `<X-Twilio-Email-Event-Webhook-Timestamp><body>`. The secret is the verification key
 * that SendGrid shows, base64. A body holds a list of events, so its type is `events`; repetitions
 * are told by the `sg_event_id` of all of them.
 *
 * @example
 * const { event } = await readWebhook(request, { scheme: sendgridWebhook(), secrets: publicKey })
 *
 * @see
 *   https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/getting-started-event-webhook-security-features
 */
export function sendgridWebhook(): WebhookScheme {
  return signatureScheme({
    name: 'sendgrid',
    headers: ['x-twilio-email-event-webhook-signature', 'x-twilio-email-event-webhook-timestamp'],
    tolerance: TOLERANCE_MS,
    key: publicKey,
    read: ([header = '', timestamp = ''], { payload }) => ({
      signatures: readSignatures(header, decodeSignature),
      content: signedContent(timestamp, payload),
      timestamp,
    }),
    identify: (event) => ({
      id: null,
      idIsSigned: false,
      type: 'events',
      replayId: idOfAll(event),
    }),
  })
}

function decodeSignature(text: string): Uint8Array<ArrayBuffer> | null {
  const der = decodeBase64(text)
  return der !== null && readEcdsaSignature(der, ECDSA_NUMBER_BYTES['P-256']) !== null ? der : null
}

function publicKey(secret: WebhookSecret): VerificationKey {
  const spki = typeof secret === 'string' ? decodeBase64(secret) : new Uint8Array(secret)
  const key = spki === null ? null : readPublicKey(spki)
  if (key?.kind !== 'ecdsa')
    throw new TypeError(
      "Cannot use webhook secret: it is no public key of ECDSA in base64, SendGrid's verification key needed",
    )
  return { verify: (signature, content) => key.verify('SHA-256', signature, content) }
}

/** Nobody but SendGrid can make the ids, and no two events have the same. */
function idOfAll(event: unknown): string | null {
  const events: readonly unknown[] = Array.isArray(event) ? event : []
  const ids = events.map((one) => eventText(one, 'sg_event_id'))
  return ids.length === 0 || ids.includes(null) ? null : ids.join(' ')
}
