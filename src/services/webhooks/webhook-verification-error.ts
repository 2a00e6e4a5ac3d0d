import { InfrastructureError } from '../../runtime/ports/infrastructure-error.ts'

/** Why a received webhook was refused; stable and closed. */
export type WebhookVerificationCode = keyof typeof REFUSALS

/** What each code means, and the status that a receiver answers. */
const REFUSALS = {
  /** A header or field that the scheme needs is absent: another sender, or a proxy dropped it. */
  missing_signature: { status: 401, what: 'a header or field that the scheme needs is missing' },
  /** The signature is there, but not written as the scheme writes it. */
  malformed_signature: { status: 401, what: 'the signature is not written as the scheme says' },
  /** The timestamp is no plain number of seconds (or, where the vendor uses one, no date). */
  malformed_timestamp: { status: 401, what: 'the timestamp is not written as the scheme says' },
  /** Signed longer ago than `tolerance`: late, or recorded and sent again. */
  timestamp_too_old: { status: 401, what: 'the timestamp is older than the tolerance' },
  /** Signed further in the future than clocks differ. */
  timestamp_too_new: { status: 401, what: 'the timestamp is further ahead than the tolerance' },
  /**
   * No secret gives this signature: another secret, or another body than the one that was signed.
   */
  signature_mismatch: {
    status: 401,
    what: 'no secret fits the signature (is the body the raw one, and the secret of this endpoint?)',
  },
  /** The sender names a certificate that is not the vendor's or not valid now. */
  untrusted_certificate: { status: 401, what: 'the certificate is not one to trust' },
  /** Signed correctly, but for another account, topic or receiver. */
  unexpected_sender: { status: 401, what: 'the signature is of a sender that is not expected' },
  /** What the vendor publishes or says could not be had now; the sender should try again. */
  key_unavailable: {
    status: 503,
    what: 'what is needed to check the signature is not available',
  },
  /** The body is longer than `maxBytes`. */
  body_too_large: { status: 413, what: 'the body is longer than maxBytes' },
  /** The body did not arrive within `bodyTimeout`. */
  body_timeout: { status: 408, what: 'the body did not arrive within bodyTimeout' },
  /** The sender broke off in the middle of the body. */
  body_aborted: { status: 400, what: 'the body broke off' },
  /** The signature holds, but the body is neither JSON nor a form, and `parse` is not given. */
  unsupported_media_type: {
    status: 415,
    what: 'the content type is neither JSON nor a form (the option parse reads others)',
  },
  /** The signature holds, but the body cannot be parsed. */
  malformed_event: { status: 400, what: 'the body cannot be parsed' },
  /** The signature holds, but the event does not fit the schema. */
  invalid_event: { status: 400, what: 'the event does not fit the schema' },
} as const

/**
 * A received webhook is not to be acted on. Its status tells the sender: 401 for a signature that
 * does not hold, 503 to try again, else 400 to 415.
 */
export class WebhookVerificationError extends InfrastructureError<WebhookVerificationCode> {
  override readonly name = 'WebhookVerificationError'

  /** @param detail Replaces the code's own explanation in the message */
  constructor(code: WebhookVerificationCode, detail?: string, options?: ErrorOptions) {
    const { status, what } = REFUSALS[code]
    super(code, `Cannot accept webhook: ${detail ?? what}`, { ...options, status })
  }
}
