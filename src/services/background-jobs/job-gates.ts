import { checkOptions } from '../../primitives/check-options.ts'
import { checkDuration, checkInteger } from '../../primitives/check-range.ts'
import type { Duration } from '../../primitives/duration.ts'
import type { Json } from '../../runtime/ports/json.ts'

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

/** A limit that an attempt stands under, and for whom. */
export interface AttemptLimit {
  readonly rateLimit: JobRateLimit
  /** What all attempts under it have in common. */
  readonly subject: string
  /** Whether it is of one kind of job, or of all. */
  readonly scope: 'kind' | 'queue'
}

/** A place in line that an attempt has got. */
export interface Booking {
  /** Until it is its turn. */
  readonly waitMs: number
  /** What the job's record keeps, so that its turn is known when it comes; `null`: as it was. */
  readonly note: Json
}

/** The limit of a whole queue. */
export interface QueueLimit {
  readonly queue: string
  /** Of all jobs of the queue together. */
  readonly rateLimit: JobRateLimit | undefined
}

const NO_LIMITS: readonly AttemptLimit[] = []

/** The limits that attempts of a kind stand under. */
export function limitsOf(
  { rateLimit }: { readonly rateLimit?: JobRateLimit },
  name: string,
  { queue, rateLimit: ofQueue }: QueueLimit,
): readonly AttemptLimit[] {
  if (rateLimit === undefined && ofQueue === undefined) return NO_LIMITS
  return [
    ...(rateLimit === undefined
      ? []
      : [{ rateLimit, subject: `${queue}:${name}`, scope: 'kind' } as const]),
    ...(ofQueue === undefined
      ? []
      : [{ rateLimit: ofQueue, subject: queue, scope: 'queue' } as const]),
  ]
}
