import { decodeHex } from '../../../primitives/hex.ts'
import { signedContent } from '../signing/signed-content.ts'
import { eventField, eventText } from './event-field.ts'
import { readSignatures } from './read-signatures.ts'
import { signatureScheme } from './signature-scheme.ts'
import type { WebhookScheme } from './webhook-scheme.ts'

/**
 * Slack: `X-Slack-Signature: v0=…`, HMAC-SHA256 in hexadecimal over
 * `v0:<X-Slack-Request-Timestamp>:<body>`, keyed with the app's signing secret. The type is the
 * inner event's, or `url_verification` and the like. The id is the event's, or the trigger's where
 * a user did something (`trigger_id`).
 *
 * @example
 * const { event } = await readWebhook(request, { scheme: slackWebhook(), secrets })
 *
 * @see https://docs.slack.dev/authentication/verifying-requests-from-slack
 */
export function slackWebhook(): WebhookScheme {
  return signatureScheme({
    name: 'slack',
    headers: ['x-slack-signature', 'x-slack-request-timestamp'],
    read: ([header = '', timestamp = ''], { payload }) => ({
      signatures: readSignatures(header, (text) =>
        text.startsWith('v0=') ? decodeHex(text.slice(3)) : null,
      ),
      content: signedContent(`v0:${timestamp}:`, payload),
      timestamp,
    }),
    identify: (event) => ({
      id: eventText(event, 'event_id') ?? eventText(event, 'trigger_id'),
      idIsSigned: true,
      type: eventText(eventField(event, 'event') ?? event, 'type'),
    }),
  })
}
