import { decodeBase64 } from '../../../primitives/base64.ts'
import { signedContent } from '../signing/signed-content.ts'
import { signatureScheme } from './signature-scheme.ts'
import type { WebhookScheme } from './webhook-scheme.ts'

/**
 * Shopify: `X-Shopify-Hmac-SHA256`, HMAC-SHA256 in base64 over the body alone, keyed with the app's client secret. Time,
 * topic and id are not signed: remembering bodies stops a replay, and the topic deserves no more trust than the network.
 *
 * @see https://shopify.dev/docs/apps/build/webhooks/subscribe/https
 */
export function shopifyWebhook(): WebhookScheme {
  return signatureScheme({
    name: 'shopify',
    headers: ['x-shopify-hmac-sha256'],
    read: ([header = ''], { payload }) => ({
      signatures: [{ bytes: decodeBase64(header) }],
      content: signedContent('', payload),
    }),
    identify: (_event, { header }) => ({
      id: header('x-shopify-webhook-id'),
      idIsSigned: false,
      type: header('x-shopify-topic'),
    }),
  })
}
