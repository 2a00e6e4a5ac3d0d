import type { Duration } from '../../../primitives/duration.ts'
import type { RateLimitingOptions } from '../deciding/rate-limiting-options.ts'

/** What limiters that count in windows are made with. */
export interface WindowLimiterOptions extends RateLimitingOptions {
  /** Units a window. */
  readonly limit: number
  /** 1 ms to 366 days. */
  readonly window: Duration
  /**
   * Limiters with the same keys and name share their counts. Default: the algorithm and the window.
   */
  readonly name?: string
}
