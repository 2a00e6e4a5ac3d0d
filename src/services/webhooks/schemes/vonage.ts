import { decodeBase64Url } from '../../../primitives/base64url.ts'
import { equalBytes } from '../../../primitives/equal-bytes.ts'
import { decodeHex } from '../../../primitives/hex.ts'
import { encodeUtf8 } from '../../../primitives/utf8.ts'
import { signedContent } from '../signing/signed-content.ts'
import { createKeyring, textKey } from '../signing/webhook-keys.ts'
import { decideTimestamp } from './decide-timestamp.ts'
import { eventField, eventText } from './event-field.ts'
import { parseJson } from './parse-json.ts'
import type { WebhookScheme } from './webhook-scheme.ts'

/** Vonage goes on trying for a day, and does not say that it signs each try anew. */
const TOLERANCE_MS = 90_000_000
/** Vonage's tokens have about 400 characters. */
const MOST_CHARACTERS = 8192
const TOKEN = /^Bearer +([\w-]+)\.([\w-]+)\.([\w-]+)$/i

/** A token taken apart: what is signed, by what, and what it says. */
interface Token {
  readonly content: string
  readonly signature: Uint8Array
  readonly claims: unknown
}

/**
 * Vonage's signed webhooks, as those of its Messages API: a JWT in `Authorization`, HS256 with the
 * account's signature secret, whose `payload_hash` is the SHA-256 of the body and whose `jti` tells
 * repetitions. A token that says nothing of the body is refused.
 *
 * @example
 * const { event } = await readWebhook(request, {
 *   scheme: vonageWebhook(),
 *   secrets: env.VONAGE_SIGNATURE_SECRET,
 * })
 *
 * @see https://developer.vonage.com/en/getting-started/concepts/webhooks
 */
export function vonageWebhook(): WebhookScheme {
  const keyOf = createKeyring(textKey)
  return {
    name: 'vonage',
    signatureHeader: 'authorization',
    toleranceMs: TOLERANCE_MS,
    async verify({ payload, header }, secrets, policy) {
      const keys = secrets.map((secret) => keyOf(secret))
      if (keys.length === 0) throw new RangeError('Cannot verify webhook: no secret is given')
      const written = header('authorization')
      if (!written) return 'missing_signature'
      const token = readToken(written)
      if (token === null) return 'malformed_signature'
      const { content, signature, claims } = token
      let signed = false
      for (const key of keys) signed ||= equalBytes(await key.sign(encodeUtf8(content)), signature)
      if (!signed) return 'signature_mismatch'
      // Signed, but for some other use: of this body it says nothing.
      const claimed = decodeHex(eventText(claims, 'payload_hash')?.toLowerCase() ?? '')
      if (claimed === null || claimed.length === 0) return 'malformed_signature'
      const hash = await crypto.subtle.digest('SHA-256', signedContent('', payload))
      if (!equalBytes(new Uint8Array(hash), claimed)) return 'signature_mismatch'
      return decideTimestamp(String(eventField(claims, 'iat')), policy)
    },
    identify(event, { header }) {
      const token = readToken(header('authorization') ?? '')
      const status = eventText(event, 'status')
      return {
        id: token === null ? null : eventText(token.claims, 'jti'),
        idIsSigned: true,
        type: status === null ? null : `message.${status}`,
      }
    },
  }
}

/** @returns `null` for what is no token of HS256: others, and `none`, are not Vonage's */
function readToken(written: string): Token | null {
  if (written.length > MOST_CHARACTERS) return null
  const [, head = '', body = '', mark = ''] = TOKEN.exec(written) ?? []
  const [kind, claims, signature] = [head, body, mark].map(decodeBase64Url)
  if (!kind || !claims || !signature || eventText(parseJson(kind), 'alg') !== 'HS256') return null
  return { content: `${head}.${body}`, signature, claims: parseJson(claims) }
}
