import { checkOptions } from '../../primitives/check-options.ts'
import { checkDuration, checkInteger, checkNumber } from '../../primitives/check-range.ts'
import type { Duration } from '../../primitives/duration.ts'
import { readThrown } from '../../primitives/read-thrown.ts'
import { retryDelayMs, type RetryDelay } from '../../primitives/retry-delay.ts'

/** How often something is tried, and how long to wait in between. */
export interface RetryOptions {
  /** Attempts in all, 1 to 1,000. */
  readonly attempts?: number
  readonly backoff?: RetryBackoff
}

/** The wait after attempt n: `delay` each time, or doubling from it up to `maxDelay`. */
export interface RetryBackoff {
  /** Default `exponential`. */
  readonly type?: 'fixed' | 'exponential'
  /** Up to 10 years. Default 1 s. */
  readonly delay?: Duration
  /** Up to 10 years. Default 5 min. */
  readonly maxDelay?: Duration
  /** Share of the wait that is left to chance, 0 to 1. Default 1: anything from 0 to the wait. */
  readonly jitter?: number
}

/** Checked {@link RetryOptions}. */
export interface RetryPolicy {
  readonly attempts: number
  readonly delay: RetryDelay
}

const MAX_RETRY_AFTER_MS = 86_400_000
const MAX_DELAY_MS = 315_576_000_000

/** @throws RangeError when an option is out of range */
export function retryPolicyOf(options: RetryOptions = {}, defaultAttempts = 3): RetryPolicy {
  checkOptions('retry', options, [], ['attempts', 'backoff'])
  const { attempts = defaultAttempts, backoff = {} } = options
  checkOptions('retry', backoff, [], ['type', 'delay', 'maxDelay', 'jitter'])
  const { type = 'exponential', delay = 1000, maxDelay = 300_000, jitter = 1 } = backoff
  checkInteger('retry', 'attempts', attempts, 1, 1000)
  checkNumber('retry', 'jitter', jitter, 0, 1)
  const delayMs = checkDuration('retry', 'delay', delay, 0, MAX_DELAY_MS)
  const maxMs = checkDuration('retry', 'maxDelay', maxDelay, 0, MAX_DELAY_MS)
  const policy = { attempts, delay: { type, delayMs, maxMs: Math.max(maxMs, delayMs), jitter } }
  retryDelayMs(policy.delay, 1, 0)
  return policy
}

/**
 * Decides what follows a failed attempt.
 *
 * An error whose `code` is `'unrecoverable'` or whose `retryable` is `false` is not retried. One
 * with a `retryAfterMs` (an open circuit, a `Retry-After` header) is not retried before that, at
 * most a day.
 *
 * @param attempt The attempt that failed, from 1
 * @param fraction Chance in [0, 1)
 * @returns The wait in ms, or `null` for no further attempt
 */
export function nextDelayMs(
  policy: RetryPolicy,
  attempt: number,
  error: unknown,
  fraction: number,
): number | null {
  const { code, retryable, retryAfterMs } = readThrown(error)
  if (attempt >= policy.attempts || code === 'unrecoverable' || retryable === false) return null
  const delayMs = retryDelayMs(policy.delay, attempt, fraction)
  if (retryAfterMs === null || !(retryAfterMs > delayMs)) return delayMs
  return Math.min(Math.ceil(retryAfterMs), MAX_RETRY_AFTER_MS)
}
