import { decodeBase64 } from '../../../primitives/base64.ts'
import { signedContent } from '../signing/signed-content.ts'
import { eventText } from './event-field.ts'
import { readSignatures } from './read-signatures.ts'
import { signatureScheme } from './signature-scheme.ts'
import type { WebhookScheme } from './webhook-scheme.ts'

/** Options of {@link squareWebhook}. */
export interface SquareWebhookOptions {
  /** The notification URL exactly as it is written in Square's developer dashboard. */
  readonly url: string
}

/**
 * Square: `x-square-hmacsha256-signature`, HMAC-SHA256 in base64 over the notification URL and the
 * body, keyed with the subscription's signature key. No time is signed: remembering event ids stops
 * a replay. The older SHA-1 header is ignored.
 *
 * @example
 * const scheme = squareWebhook({ url: 'https://example.com/webhooks/square' })
 * const { event } = await readWebhook(request, { scheme, secrets: env.SQUARE_SIGNATURE_KEY })
 *
 * @throws TypeError when the URL is empty
 * @see https://developer.squareup.com/docs/webhooks/step3validate
 */
export function squareWebhook({ url }: SquareWebhookOptions): WebhookScheme {
  if (!url) throw new TypeError('Cannot verify Square webhooks: the notification URL is missing')
  return signatureScheme({
    name: 'square',
    headers: ['x-square-hmacsha256-signature'],
    read: ([header = ''], { payload }) => ({
      signatures: readSignatures(header, decodeBase64),
      content: signedContent(url, payload),
    }),
    identify: (event) => ({
      id: eventText(event, 'event_id'),
      idIsSigned: true,
      type: eventText(event, 'type'),
    }),
  })
}
