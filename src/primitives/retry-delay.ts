import { checkNumber } from './check-range.ts'

/** How long to wait before a failed attempt is made again. */
export interface RetryDelay {
  /**
   * `fixed`: `delayMs` each time; `exponential`: `delayMs`, then `factor` times as long with each
   * attempt.
   */
  readonly type: 'fixed' | 'exponential'
  readonly delayMs: number
  /** Growth with each attempt, 1 or more. Default 2. */
  readonly factor?: number
  /** Longest wait. Default 86,400,000 (a day). */
  readonly maxMs?: number
  /**
   * Share of the wait that is left to chance, 0 to 1. Default 1: anything from 0 to the wait ("full
   * jitter").
   */
  readonly jitter?: number
}

const DAY_MS = 86_400_000

/**
 * The wait after the `attempt`-th attempt failed.
 *
 * Full jitter by default, because clients that failed together would otherwise come back together
 * (https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/).
 *
 * @param attempt The attempt that failed, from 1
 * @param fraction Chance in [0, 1), as of `RandomSource.fraction`
 * @returns Whole milliseconds, from 0 to `maxMs`
 * @throws RangeError when an argument is out of range
 */
export function retryDelayMs(delay: RetryDelay, attempt: number, fraction: number): number {
  const { type, delayMs, factor = 2, maxMs = DAY_MS, jitter = 1 } = delay
  if (type !== 'fixed' && type !== 'exponential')
    throw new RangeError(
      `Cannot compute retry delay: type is ${JSON.stringify(type)}, "fixed" or "exponential" expected`,
    )
  for (const [name, value, least, most] of [
    ['delayMs', delayMs, 0, Number.MAX_SAFE_INTEGER],
    ['factor', factor, 1, Number.MAX_SAFE_INTEGER],
    ['maxMs', maxMs, 0, Number.MAX_SAFE_INTEGER],
    ['jitter', jitter, 0, 1],
    ['attempt', attempt, 1, Number.MAX_SAFE_INTEGER],
    ['fraction', fraction, 0, 1],
  ] as const)
    checkNumber('compute retry delay', name, value, least, most)
  // The power may be infinite, and 0 times infinity is no number.
  const growth = type === 'fixed' || delayMs === 0 ? 1 : factor ** (attempt - 1)
  const waitMs = Math.min(delayMs * growth, maxMs)
  return Math.round(waitMs - waitMs * jitter * (1 - fraction))
}
