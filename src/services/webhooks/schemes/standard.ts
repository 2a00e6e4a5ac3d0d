import { decodeBase64 } from '../../../primitives/base64.ts'
import { signedContent } from '../signing/signed-content.ts'
import { eventText } from './event-field.ts'
import { signatureScheme, type ClaimedSignature } from './signature-scheme.ts'
import { verificationKey } from './verification-key.ts'
import type { WebhookScheme } from './webhook-scheme.ts'

/**
 * Standard Webhooks: `webhook-id`, `webhook-timestamp` and `webhook-signature` (or Svix's `svix-…`
 * names, as Resend and Clerk send them) over `<id>.<timestamp>.<body>`; `v1` is HMAC-SHA256, `v1a`
 * Ed25519. Other versions are ignored.
 *
 * @see https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
 */
export const standardScheme: WebhookScheme = /* @__PURE__ */ signatureScheme({
  name: 'standard',
  headers: ['webhook-signature', 'webhook-id', 'webhook-timestamp'],
  otherName: (header) => header.replace('webhook', 'svix'),
  key: verificationKey,
  read([header = '', id = '', timestamp = ''], { payload }) {
    // With a dot in the id, other ids and times would have the same signed content.
    if (id.includes('.')) return 'malformed_signature'
    const signatures: ClaimedSignature[] = []
    // Spaces, and what a proxy puts between two headers that it makes one of.
    for (const item of header.split(/ +|, *(?=v\w{1,4},)/)) {
      const [, version, text = ''] = /^(v1a?),(.*)$/.exec(item) ?? []
      if (version !== undefined) signatures.push({ version, bytes: decodeBase64(text) })
    }
    return { signatures, content: signedContent(`${id}.${timestamp}.`, payload), timestamp }
  },
  identify: (event, { header }) => ({
    id: header('webhook-id') || header('svix-id'),
    idIsSigned: true,
    type: eventText(event, 'type'),
  }),
})
