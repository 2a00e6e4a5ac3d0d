/**
 * Decides rate limits atomically, on the store's own clock.
 *
 * The laws are in `rate-limit-store.conformance.ts`.
 */
export interface RateLimitStore {
  /**
   * Charges every limit of `subject`, or none: when one denies, nothing is charged anywhere. One round trip; a denied
   * request writes nothing.
   *
   * @param subject Who is limited, e.g. `ip:203.0.113.7`: 1 to 512 UTF-8 bytes
   * @param limits 1 to 16 limits with distinct names
   * @returns One decision a limit, in order
   * @throws RangeError when a limit is malformed or its cost can never fit
   */
  consume(subject: string, limits: readonly RateLimit[]): Promise<readonly RateLimitDecision[]>

  /** Forgets every limit of `subject`. */
  reset(subject: string): Promise<void>
}

/**
 * A limit by the generic cell rate algorithm (GCRA, ITU-T I.371): `limit` requests a window on average, at most `burst` at once.
 *
 * State is one timestamp. With the default burst at most `limit + limit` requests pass in the worst window; for a hard
 * ceiling choose `burst + limit' ≤ ceiling`.
 */
export interface RateLimit {
  readonly algorithm: 'gcra'
  /** Distinguishes the limits of one subject, 1 to 64 characters. */
  readonly name: string
  /** Requests a window, a positive integer. */
  readonly limit: number
  /** Length of the window in ms, a positive integer. */
  readonly windowMs: number
  /** Requests that may come at once. Default: `limit`. */
  readonly burst?: number
  /** What this request costs, an integer from 0 (only look) to `burst`. Default 1. */
  readonly cost?: number
}

/** The decision of one limit. */
export interface RateLimitDecision {
  readonly name: string
  /** Whether this limit would let the request pass; the request passes when all do. */
  readonly allowed: boolean
  /** Requests left right now, after this one where it was charged. */
  readonly remaining: number
  /** Until the same request could pass, in ms; 0 when it passed this limit. */
  readonly retryAfterMs: number
  /** Until the limit is as if unused, in ms. */
  readonly resetAfterMs: number
}
