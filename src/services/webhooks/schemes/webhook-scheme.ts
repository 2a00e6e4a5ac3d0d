import type { WebhookVerificationCode } from '../webhook-verification-error.ts'
import type { WebhookPayload } from '../signing/signed-content.ts'
import type { WebhookSecret } from '../signing/webhook-keys.ts'

/**
 * One sender's way of signing, as its receiver sees it. Each vendor's is a file beside this one.
 */
export interface WebhookScheme {
  /** For messages and logs. */
  readonly name: string
  /**
   * The one header that a bare signature stands for; absent when the scheme needs more than that.
   */
  readonly signatureHeader?: string | undefined
  /**
   * Oldest signature accepted unless the caller says otherwise, ms; the vendor's retries must fit
   * in.
   */
  readonly toleranceMs: number
  /**
   * Says whether the message is from who holds one of the secrets.
   *
   * @param secrets Any of them may fit; none for a vendor that signs with a certificate
   * @throws TypeError or RangeError when a secret is needed and none is given, or one cannot be of
   *   this scheme
   * @throws WebhookVerificationError `key_unavailable` when that cannot be told now
   */
  verify(
    message: WebhookMessage,
    secrets: readonly WebhookSecret[],
    policy: VerificationPolicy,
  ): Promise<WebhookVerdict>
  /** Finds in a parsed and verified event what it is called. */
  identify(event: unknown, message: WebhookMessage): WebhookIdentity
}

/** A received webhook before it is trusted. */
export interface WebhookMessage {
  readonly payload: WebhookPayload
  /** As the runtime saw it, absolute; absent when only headers were handed over. */
  readonly url?: string
  readonly method?: string
  /**
   * @param name Lower case.
   * @returns The header's value, which may be empty, or `null` when it is absent
   */
  header(name: string): string | null
}

/** What the receiver tolerates. */
export interface VerificationPolicy {
  /** ms since 1970 */
  readonly now: number
  /** Oldest signature accepted, ms; `Infinity` for any age. */
  readonly toleranceMs: number
}

/** When an authentic message was signed, or why it is not to be trusted. */
export type WebhookVerdict = AuthenticWebhook | WebhookVerificationCode

/** What a scheme knows of an authentic message. */
export interface AuthenticWebhook {
  /** Seconds since 1970; `null` when the scheme does not sign a time. */
  readonly timestamp: number | null
}

/** What an event is called. */
export interface WebhookIdentity {
  /** The sender's id of the event or of the delivery; `null` when there is none. */
  readonly id: string | null
  /**
   * Whether the signature covers the id. Where it does not, whoever repeats a message may give it a
   * new one.
   */
  readonly idIsSigned: boolean
  /** The event's type, such as `order.paid`; `null` when the sender does not say. */
  readonly type: string | null
  /**
   * What the signature covers and each delivery has anew, where that is not the id: repetitions are
   * told by it.
   */
  readonly replayId?: string | null
  /**
   * What the sender calls this delivery and each try to make it, where the signature does not cover
   * it: repetitions are told by it and the body together. Whoever repeats a message may change it.
   */
  readonly deliveryId?: string | null
}
