import { InfrastructureError } from '../../runtime/ports/infrastructure-error.ts'
import type { RateLimitOutcome } from './deciding/outcome.ts'

/** Stable codes of {@link RateLimitedError}. */
export type RateLimitedErrorCode =
  /** A limit denied; `outcome` says when it may be tried again. */
  'rate_limited'

/** A limit denied where no outcome could be returned. It carries no key. */
export class RateLimitedError extends InfrastructureError<RateLimitedErrorCode> {
  override readonly name = 'RateLimitedError'
  /** What was decided. */
  readonly outcome: RateLimitOutcome

  constructor(why: string, outcome: RateLimitOutcome) {
    super('rate_limited', `Cannot go on: ${why}, try again in ${outcome.retryAfterMs} ms`, {
      status: 429,
    })
    this.outcome = outcome
  }
}
