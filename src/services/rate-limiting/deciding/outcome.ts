/** What a check of a rate limit answers. Plain data beside `pending`. */
export interface RateLimitOutcome {
  /** Whether the request may go on. */
  readonly allowed: boolean
  /** Units that the deciding limit has when it is unused. */
  readonly limit: number
  /** Units that the deciding limit has left, after this request where it was allowed. */
  readonly remaining: number
  /** When the deciding limit is as if unused, ms since 1970. */
  readonly resetAt: number
  /** Until the same request could pass, in ms; 0 when it passed. */
  readonly retryAfterMs: number
  /** How long a request that `waitFor` booked ahead must wait, in ms; else 0. */
  readonly waitMs: number
  /**
   * Names the deciding limit: of those that deny the one that does so longest, else the one with
   * least left.
   */
  readonly policy: string
  /** Each limit for itself, in the order in which they were given. */
  readonly limits: readonly LimitStanding[]
  /**
   * Who decided: the store; this process, of a denial that it remembers (`cache`) or with limits of
   * its own because the store failed (`local`); or `onError`, which alone knows no numbers
   * (`failure`).
   */
  readonly decidedBy: 'store' | 'cache' | 'local' | 'failure'
  /** Whether only a dry run let the request pass. */
  readonly dryRun: boolean
  /** The operation that was charged, for `refund` and `settle`; `null` without one. */
  readonly operation: string | null
  /**
   * Resolves when what goes on behind the decision is done, such as hooks; never rejects. On
   * Workers hand it to `ctx.waitUntil`.
   */
  readonly pending: Promise<void>
}

/** One of the limits that decided together. */
export interface LimitStanding {
  readonly name: string
  readonly allowed: boolean
  readonly limit: number
  /** The window in ms, `null` where there is none. */
  readonly windowMs: number | null
  readonly remaining: number
  readonly retryAfterMs: number
  /** Until at least one unit is left, in ms. */
  readonly nextAfterMs: number
  /** Until the limit is as if unused, in ms. */
  readonly resetAfterMs: number
}
