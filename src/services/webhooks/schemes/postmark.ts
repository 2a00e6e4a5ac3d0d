import { encodeBase64 } from '../../../primitives/base64.ts'
import { encodeUtf8 } from '../../../primitives/utf8.ts'
import { textKey, type WebhookSecret } from '../signing/webhook-keys.ts'
import { eventText } from './event-field.ts'
import { readSignatures } from './read-signatures.ts'
import { signatureScheme, type VerificationKey } from './signature-scheme.ts'
import type { WebhookScheme } from './webhook-scheme.ts'

/**
 * Postmark signs nothing; its webhooks are kept apart by HTTP basic authentication. The secret is
 * `user:password` as in the webhook's URL, and is compared in constant time. Nothing protects the
 * body or its age, and nothing tells a repetition from another event: what handles them must not
 * mind repetitions.
 *
 * @example
 * const scheme = postmarkWebhook()
 * const { event } = await readWebhook(request, { scheme, secrets: 'postmark:long-password' })
 *
 * @see https://postmarkapp.com/developer/webhooks/webhooks-overview
 */
export function postmarkWebhook(): WebhookScheme {
  return signatureScheme({
    name: 'postmark',
    headers: ['authorization'],
    key: credentials,
    read: ([header = '']) => ({
      signatures: readSignatures(header, encodeUtf8),
      content: new Uint8Array(),
    }),
    identify: (event) => ({
      id: eventText(event, 'MessageID'),
      idIsSigned: false,
      type: eventText(event, 'RecordType'),
    }),
  })
}

function credentials(secret: WebhookSecret): VerificationKey {
  const bytes = typeof secret === 'string' ? encodeUtf8(secret) : secret
  const key = textKey(secret)
  if (!bytes.includes(':'.charCodeAt(0)))
    throw new TypeError('Cannot use webhook secret: it has no colon, user:password needed')
  const expected = encodeUtf8(`Basic ${encodeBase64(bytes)}`)
  // Comparing codes of both under the secret takes the same time whatever was sent, and however
  // long it is.
  return { verify: async (presented) => key.verify(await key.sign(expected), presented) }
}
