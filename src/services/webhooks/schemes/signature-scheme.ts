import { equalBytes } from '../../../primitives/equal-bytes.ts'
import type { WebhookVerificationCode } from '../webhook-verification-error.ts'
import { createKeyring, textKey, type WebhookSecret } from '../signing/webhook-keys.ts'
import { eventText } from './event-field.ts'
import { decideTimestamp } from './decide-timestamp.ts'
import type { WebhookIdentity, WebhookMessage, WebhookScheme } from './webhook-scheme.ts'

/** What {@link signatureScheme} needs to know about a sender. */
export interface SignatureSchemeOptions {
  /** For messages and logs. */
  readonly name: string
  /**
   * The headers it needs, lower case, the one with the signature first; none when the body carries
   * the signature.
   */
  readonly headers: readonly string[]
  /** @returns The name under which a header is looked for when it is not there. Default: none */
  otherName?(header: string): string
  /**
   * Oldest signature accepted by default, ms. Default 5 minutes; without a timestamp in the claim
   * it means nothing.
   */
  readonly tolerance?: number
  /**
   * Makes a secret ready for use, and refuses what cannot be one. Default: HMAC-SHA256 with the
   * secret's own bytes.
   */
  key?(secret: WebhookSecret): VerificationKey
  /** Takes the values of `headers` apart, strictly: what the sender would not write is refused. */
  read(values: readonly string[], message: WebhookMessage): SignatureClaim | WebhookVerificationCode
  /** Finds in a parsed and verified event what it is called. Default: by its `id` and `type`. */
  identify?(event: unknown, message: WebhookMessage): WebhookIdentity
}

/** A secret ready for use; it is tried on the signatures of its own version alone. */
export interface VerificationKey {
  readonly version?: string
  /**
   * Makes the one signature that fits, where the key can (HMAC): then it is made once, however many
   * signatures a message has.
   */
  sign?(content: Uint8Array<ArrayBuffer>): Promise<Uint8Array>
  verify(signature: Uint8Array<ArrayBuffer>, content: Uint8Array<ArrayBuffer>): Promise<boolean>
}

/** What a message claims: signatures of which one has to fit the content. */
export interface SignatureClaim {
  readonly signatures: readonly ClaimedSignature[]
  readonly content: Uint8Array<ArrayBuffer>
  /** Seconds since 1970, exactly as signed. Default: the scheme has none. */
  readonly timestamp?: string
}

/** A decoded signature, or `null` for one that does not decode. */
export interface ClaimedSignature {
  readonly version?: string
  readonly bytes: Uint8Array<ArrayBuffer> | null
}

/** So many characters of a header are read; servers take no longer ones. */
const MAX_CHARACTERS = 16_384

/** Most signatures that a key is tried on when it cannot make the one that fits. */
const MAX_TRIES = 16

/**
 * Makes a scheme of the common kind: signatures in a header, over the body with something in front
 * of it. The vendors' schemes are made with it, and those of senders that are not among them can
 * be. A signature that cannot be read is passed over when there are others.
 *
 * @example
 * const acme = signatureScheme({
 *   name: 'acme',
 *   headers: ['x-acme-signature', 'x-acme-time'],
 *   read: ([signature = '', timestamp = ''], { payload }) => ({
 *     signatures: [{ bytes: bytesOfHex(signature) }], // null for what is no hexadecimal
 *     content: new TextEncoder().encode(`${timestamp}.${payload}`),
 *     timestamp,
 *   }),
 * })
 */
export function signatureScheme(options: SignatureSchemeOptions): WebhookScheme {
  const {
    name,
    headers,
    otherName = String,
    tolerance = 300_000,
    key = textKey,
    read,
    identify = identifyByFields,
  } = options
  const keyOf = createKeyring<VerificationKey>(key)
  return {
    name,
    signatureHeader: headers.length > 1 ? undefined : headers[0],
    toleranceMs: tolerance,
    async verify(message, secrets, policy) {
      const keys = secrets.map(keyOf)
      if (keys.length === 0) throw new RangeError('Cannot verify webhook: no secret is given')
      const values = headers.map((header) => {
        const value = message.header(header) || message.header(otherName(header)) || ''
        return value.slice(0, MAX_CHARACTERS)
      })
      if (values.includes('')) return 'missing_signature'
      const claim = read(values, message)
      if (typeof claim === 'string') return claim
      const { signatures, content, timestamp } = claim
      const accepted = decideTimestamp(timestamp, policy)
      if (typeof accepted === 'string') return accepted
      let refusal: WebhookVerificationCode = 'malformed_signature'
      for (const candidate of keys) {
        let fitting: Uint8Array | undefined
        let tries = 0
        for (const { version, bytes } of signatures) {
          if (bytes === null) continue
          refusal = 'signature_mismatch'
          if (version !== candidate.version) continue
          if (candidate.sign !== undefined) {
            fitting ??= await candidate.sign(content)
            if (equalBytes(fitting, bytes)) return accepted
          } else if (tries++ < MAX_TRIES && (await candidate.verify(bytes, content)))
            return accepted
        }
      }
      return refusal
    },
    identify,
  }
}

function identifyByFields(event: unknown): WebhookIdentity {
  return { id: eventText(event, 'id'), idIsSigned: true, type: eventText(event, 'type') }
}
