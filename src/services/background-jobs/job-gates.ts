import { checkOptions } from '../../primitives/check-options.ts'
import { checkDuration, checkInteger } from '../../primitives/check-range.ts'
import { durationMs, type Duration } from '../../primitives/duration.ts'
import { fitText } from '../../primitives/fit-text.ts'
import type { ClaimedJob } from '../../runtime/ports/job-store/job-store.ts'
import type { Json } from '../../runtime/ports/json.ts'
import type {
  RateLimit,
  RateLimitStore,
} from '../../runtime/ports/rate-limit-store/rate-limit-store.ts'

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
}

/** A place in line that an attempt has got. */
interface Booking {
  /** Until it is its turn. */
  readonly waitMs: number
  /** What the job's record keeps, so that its turn is known when it comes. */
  readonly note: Json
}

const BOOKED_AHEAD_MS = 30 * 86_400_000
const SUBJECT_CHARACTERS = 170

/**
 * Books the next free place under all limits of an attempt, once: a job that comes back when its
 * turn has come is let through. So each waits once, in the order in which they came, however many
 * there are.
 *
 * @returns `null` when the attempt may start
 */
export async function bookAttempt(
  store: RateLimitStore,
  limits: readonly AttemptLimit[],
  { attempt, lastError }: Pick<ClaimedJob, 'attempt' | 'lastError'>,
  data: unknown,
): Promise<Booking | null> {
  if (limits.length === 0) return null
  const terms = limits.map(({ rateLimit: { limit, window } }) => `${limit}/${durationMs(window)}`)
  const note = {
    code: 'rate_limited',
    message: 'The job waits for its turn under a rate limit',
    attempt,
    terms: terms.join(),
  }
  if (isSame(lastError, note)) return null
  const charged = await Promise.all(
    limits.map(async ({ rateLimit, subject }, index): Promise<RateLimit> => {
      const { limit, window, key } = rateLimit
      const windowMs = durationMs(window)
      const whole = `job:${subject}:${terms[index]}:${key?.(data) ?? ''}`
      // As far ahead as can be counted without loss.
      const countedMs = Math.floor((Number.MAX_SAFE_INTEGER - 2 * limit * windowMs) / limit)
      return {
        algorithm: 'gcra',
        name: `attempts-${index}`,
        subject: await fitText(whole, SUBJECT_CHARACTERS),
        limit,
        windowMs,
        maxWaitMs: Math.max(Math.min(BOOKED_AHEAD_MS, countedMs), 0),
      }
    }),
  )
  const [first] = charged
  const decisions = await store.consume(first?.subject ?? '', charged)
  const denied = decisions.filter(({ allowed }) => !allowed)
  if (denied.length > 0)
    return { waitMs: Math.max(1, ...denied.map(({ retryAfterMs }) => retryAfterMs)), note: null }
  const waitMs = Math.max(...decisions.map((decision) => Math.ceil(decision.waitMs ?? 0)))
  return waitMs > 0 ? { waitMs, note } : null
}

function isSame(
  lastError: Json,
  note: { readonly attempt: number; readonly terms: string },
): boolean {
  if (typeof lastError !== 'object' || lastError === null || Array.isArray(lastError)) return false
  const { code, attempt, terms } = lastError as { readonly [key: string]: Json }
  return code === 'rate_limited' && attempt === note.attempt && terms === note.terms
}
