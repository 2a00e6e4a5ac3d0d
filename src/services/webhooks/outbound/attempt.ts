import type { OutboundErrorCode } from './outbound.ts'

/** Why an attempt failed: no answer came, or one that is no success. */
export type AttemptErrorCode =
  | OutboundErrorCode
  /** The answer's status is neither 2xx nor one of the following. */
  | 'status'
  /** A redirect: they are not followed, the endpoint's URL has to be changed. */
  | 'redirected'
  /** 410: the receiver wants no more. */
  | 'gone'
  /** The endpoint's transform is unknown, failed or took too long; nothing was sent. */
  | 'transform_failed'
  /** The payload outlived its retention; nothing was sent. */
  | 'payload_lost'

/** One request and what came of it. Instants are ms since 1970. */
export interface Attempt {
  readonly at: number
  /** From name resolution to the end of what was kept of the answer. */
  readonly durationMs: number
  readonly host: string
  /** As sent, but signatures and the values of custom headers are replaced by `[redacted]`. */
  readonly requestHeaders: { readonly [name: string]: string }
  /** `null` when no answer came, 0 for a redirect that the runtime hides. */
  readonly status: number | null
  /** `null` for a success: a 2xx answer. */
  readonly error: { readonly code: AttemptErrorCode; readonly message: string } | null
  /** The answer's `Retry-After` in ms, 0 to 30 days, or `null`. */
  readonly retryAfterMs: number | null
  /**
   * The beginning of the answer, as text. Do not show it to people who could not reach the receiver
   * themselves.
   */
  readonly responseBody: string
  readonly responseTruncated: boolean
}
