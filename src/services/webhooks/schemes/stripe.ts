import { decodeHex } from '../../../primitives/hex.ts'
import { signedContent } from '../signing/signed-content.ts'
import { signatureScheme, type ClaimedSignature } from './signature-scheme.ts'
import type { WebhookScheme } from './webhook-scheme.ts'

/**
 * Stripe: `Stripe-Signature: t=…,v1=…`, HMAC-SHA256 in hexadecimal over `<t>.<body>`, keyed with
 * the whole `whsec_…` text. Several `v1` while a secret is rolled; other versions are ignored.
 *
 * @see https://docs.stripe.com/webhooks#verify-manually
 */
export const stripeScheme: WebhookScheme = /* @__PURE__ */ signatureScheme({
  name: 'stripe',
  headers: ['stripe-signature'],
  read([header = ''], { payload }) {
    let timestamp: string | undefined
    const signatures: ClaimedSignature[] = []
    for (const item of header.split(',')) {
      // Where a proxy made one header of two, a space stands before the second, with the same time.
      const text = item.trimStart()
      if (text.startsWith('v1=')) signatures.push({ bytes: decodeHex(text.slice(3)) })
      if (!text.startsWith('t=')) continue
      if (timestamp !== undefined && item !== ` t=${timestamp}`) return 'malformed_signature'
      timestamp = text.slice(2)
    }
    if (timestamp === undefined) return 'malformed_signature'
    return { signatures, content: signedContent(`${timestamp}.`, payload), timestamp }
  },
})
