import { decodeBase64 } from '../../../primitives/base64.ts'
import { signedContent } from '../signing/signed-content.ts'
import { readSignatures } from './read-signatures.ts'
import { signatureScheme } from './signature-scheme.ts'
import type { WebhookScheme } from './webhook-scheme.ts'

/**
 * Shopify: `X-Shopify-Hmac-SHA256`, HMAC-SHA256 in base64 over the body alone, keyed with the app's
 * client secret. Time, topic and `X-Shopify-Webhook-Id` are not signed: the id tells Shopify's own
 * repetitions, nothing stops a replay by someone else, and the topic deserves no more trust than
 * the network.
 *
 * @example
 * const { event } = await readWebhook(request, { scheme: shopifyWebhook(), secrets })
 *
 * @see https://shopify.dev/docs/apps/build/webhooks/subscribe/https
 */
export function shopifyWebhook(): WebhookScheme {
  return signatureScheme({
    name: 'shopify',
    headers: ['x-shopify-hmac-sha256'],
    read: ([header = ''], { payload }) => ({
      signatures: readSignatures(header, decodeBase64),
      content: signedContent('', payload),
    }),
    identify(_event, { header }) {
      const id = header('x-shopify-webhook-id') || null
      return { id, idIsSigned: false, type: header('x-shopify-topic') || null, deliveryId: id }
    },
  })
}
