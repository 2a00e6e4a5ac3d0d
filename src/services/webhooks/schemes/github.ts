import { decodeHex } from '../../../primitives/hex.ts'
import { signedContent } from '../signing/signed-content.ts'
import { readSignatures } from './read-signatures.ts'
import { signatureScheme } from './signature-scheme.ts'
import type { WebhookScheme } from './webhook-scheme.ts'

/**
 * GitHub: `X-Hub-Signature-256: sha256=…`, HMAC-SHA256 in hexadecimal over the body alone. Time,
 * `X-GitHub-Event` and `X-GitHub-Delivery` are not signed: the id tells GitHub's own repetitions,
 * nothing stops a replay by someone else, and the type deserves no more trust than the network.
 *
 * @see https://docs.github.com/webhooks/using-webhooks/validating-webhook-deliveries
 */
export const githubScheme: WebhookScheme = /* @__PURE__ */ signatureScheme({
  name: 'github',
  headers: ['x-hub-signature-256'],
  read: ([header = ''], { payload }) => ({
    signatures: readSignatures(header, (text) =>
      text.startsWith('sha256=') ? decodeHex(text.slice(7)) : null,
    ),
    content: signedContent('', payload),
  }),
  identify(_event, { header }) {
    const id = header('x-github-delivery') || null
    return { id, idIsSigned: false, type: header('x-github-event') || null, deliveryId: id }
  },
})
