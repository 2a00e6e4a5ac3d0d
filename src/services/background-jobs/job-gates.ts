import { checkOptions } from '../../primitives/check-options.ts'
import { checkDuration, checkInteger } from '../../primitives/check-range.ts'
import { durationMs, type Duration } from '../../primitives/duration.ts'
import type { RateLimitStore } from '../../runtime/ports/rate-limit-store/rate-limit-store.ts'

/** How many attempts of one kind may start in a time. More wait, none is dropped. */
export interface JobRateLimit<Data = unknown> {
  /** Attempts a window, 1 to 1,000,000,000. */
  readonly limit: number
  /** 1 ms to 366 days. */
  readonly window: Duration
  /** What is limited apart from the rest, e.g. a tenant. Default: all jobs of the kind together. */
  key?(data: Data): string
}

/** What a circuit breaker offers a job: `CircuitBreaker` fits. */
export interface JobBreaker {
  execute<Result>(
    call: (context: { readonly signal: AbortSignal }) => Promise<Result>,
    options?: { readonly signal?: AbortSignal },
  ): Promise<Result>
}

/**
 * @throws RangeError when the limit or its window is out of range
 * @throws TypeError when one is missing, or an option has another name
 */
export function checkRateLimit(action: string, rateLimit: JobRateLimit): void {
  checkOptions(action, rateLimit, ['limit', 'window'], ['key'])
  checkInteger(action, 'rateLimit.limit', rateLimit.limit, 1, 1e9)
  checkDuration(action, 'rateLimit.window', rateLimit.window, 1, 366 * 86_400_000)
}

/** @returns How long an attempt must wait, 0 when it may start */
export async function rateLimitWaitMs(
  store: RateLimitStore,
  kind: string,
  { limit, window, key }: JobRateLimit,
  data: unknown,
): Promise<number> {
  const subject = `job:${kind}:${key?.(data) ?? ''}`
  const [decision] = await store.consume(subject, [
    { algorithm: 'gcra', name: 'attempts', limit, windowMs: durationMs(window), burst: limit },
  ])
  return decision?.allowed === false ? Math.max(decision.retryAfterMs, 1) : 0
}
