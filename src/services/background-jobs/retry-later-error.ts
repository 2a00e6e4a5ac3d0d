import { checkDuration } from '../../primitives/check-range.ts'
import type { Duration } from '../../primitives/duration.ts'
import { JobError } from './job-error.ts'

const LONGEST_MS = 30 * 86_400_000

/**
 * Thrown by a handler to choose when the next attempt comes, as a `Retry-After` header does.
 *
 * @example
 * if (response.status === 429) throw new RetryLaterError('30s')
 */
export class RetryLaterError extends JobError {
  override readonly name = 'RetryLaterError'
  readonly retryAfterMs: number

  /**
   * @param retryAfter From now, 0 to 30 days
   * @throws RangeError when it is no duration, or out of range
   */
  constructor(
    retryAfter: Duration,
    message = 'The job asked to be tried again later',
    options?: ErrorOptions,
  ) {
    super('failed', message, options)
    // What a handler has computed may have a fraction.
    const given = typeof retryAfter === 'number' ? Math.ceil(retryAfter) : retryAfter
    this.retryAfterMs = checkDuration('retry later', 'retryAfter', given, 0, LONGEST_MS)
  }
}
