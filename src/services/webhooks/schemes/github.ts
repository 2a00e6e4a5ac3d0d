import { decodeHex } from '../../../primitives/hex.ts'
import { signedContent } from '../signing/signed-content.ts'
import { signatureScheme } from './signature-scheme.ts'
import type { WebhookScheme } from './webhook-scheme.ts'

/**
 * GitHub: `X-Hub-Signature-256: sha256=…`, HMAC-SHA256 in hexadecimal over the body alone. Neither time nor delivery
 * id is signed, so only remembering bodies stops a replay.
 *
 * @see https://docs.github.com/webhooks/using-webhooks/validating-webhook-deliveries
 */
export const githubScheme: WebhookScheme = /* @__PURE__ */ signatureScheme({
  name: 'github',
  headers: ['x-hub-signature-256'],
  read: ([header = ''], { payload }) => ({
    signatures: [{ bytes: header.startsWith('sha256=') ? decodeHex(header.slice(7)) : null }],
    content: signedContent('', payload),
  }),
  identify: (_event, { header }) => ({
    id: header('x-github-delivery'),
    idIsSigned: false,
    type: header('x-github-event'),
  }),
})
