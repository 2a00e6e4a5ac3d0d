import { durationMs, type Duration } from '../../primitives/duration.ts'
import type { Deduplication, NewJob } from '../../runtime/ports/job-store/job-store.ts'
import type { Json } from '../../runtime/ports/json.ts'

/** How a job waits, retries and is kept; the names are BullMQ's. */
export interface JobOptions {
  /** Attempts in all, 1 to 1,000. Default 3. */
  readonly attempts?: number
  /** How long to wait between attempts; a duration means `fixed`. Default exponential from 1 s with full jitter. */
  readonly backoff?: Duration | Backoff
  /** Not before this long from now. Default 0. */
  readonly delay?: Duration
  /** Lower runs first, 0 to 2,097,151, or a level of {@link PRIORITIES}. Default `normal`, 100. */
  readonly priority?: number | JobPriority
  /** Makes adding idempotent: a job of this id that the queue still holds is not added again. Default: random. */
  readonly jobId?: string
  /** Drops later jobs of the same `id`. */
  readonly deduplication?: JobDeduplication
  /** Ahead of all waiting jobs of its priority. Default false. */
  readonly lifo?: boolean
  /** Longest time of one attempt; its signal aborts and the attempt has failed. Default: none, the lease is renewed as long as it runs. */
  readonly timeout?: Duration
  /**
   * `true` or 0 forgets a completed job at once; otherwise how long its record stays, and how many of the queue's stay: a number is
   * a `count`. Default `{ age: '1d' }`, also for `false` and where no age is given.
   */
  readonly removeOnComplete?: boolean | number | JobKeeping
  /** The same for dead jobs and, counted by themselves, for cancelled ones. Default `{ age: '14d' }`. */
  readonly removeOnFail?: boolean | number | JobKeeping
}

/** How long a finished job's record stays; the first of the two that is reached ends it. */
export interface JobKeeping {
  readonly age?: Duration
  /**
   * When the job finishes, those of the queue's jobs that ended as it did whose keeping ends first go, until no more than this many are
   * left, whatever they were added with. 0 to 1,000,000. Default: any number.
   */
  readonly count?: number
}

/** How later jobs of the same `id` are dropped. */
export interface JobDeduplication {
  readonly id: string
  /** How long. Default: until this job has finished. */
  readonly ttl?: Duration
  /** Each dropped job starts the `ttl` anew (a debounce, with `replace` and `delay`). Default false. */
  readonly extend?: boolean
  /** A dropped job's data, delay and options take the place of those of the job that waits. Default false. */
  readonly replace?: boolean
  /** While this job runs, the latest dropped one is kept and added once it has finished. Not with `ttl`. Default false. */
  readonly keepLastIfActive?: boolean
}

/** The wait before attempt n+1: `delay` each time, or doubling from it up to `maxDelay`. */
export interface Backoff {
  /** `custom` asks the definition's `backoff(attempt, error)`. */
  readonly type: 'fixed' | 'exponential' | 'custom'
  /** Default 1 s. */
  readonly delay?: Duration
  /** Default 1 h. */
  readonly maxDelay?: Duration
  /** Share of the wait that is left to chance, 0 to 1. Default 1: anything between 0 and the wait. */
  readonly jitter?: number
}

/** Named priorities. */
export const PRIORITIES = { critical: 1, high: 10, normal: 100, low: 1000 } as const

/** A named priority. */
export type JobPriority = keyof typeof PRIORITIES

/** What a job carries of its options to the worker, as JSON. */
export interface StoredJobOptions {
  readonly backoff: {
    readonly type: Backoff['type']
    readonly delayMs: number
    readonly maxMs: number
    readonly jitter: number
  }
  readonly timeoutMs: number | null
}

const DAY_MS = 86_400_000
const DEFAULTS = {
  attempts: 3,
  backoffMs: 1000,
  maxBackoffMs: 3_600_000,
  keepCompletedMs: DAY_MS,
  keepDeadMs: 14 * DAY_MS,
}

/** @throws RangeError when an option is out of range */
export function newJobOf(name: string, data: Json, options: JobOptions): NewJob {
  const { jobId, deduplication, lifo } = options
  const completed = keepingOf(options.removeOnComplete, DEFAULTS.keepCompletedMs)
  const dead = keepingOf(options.removeOnFail, DEFAULTS.keepDeadMs)
  const stored: StoredJobOptions = {
    backoff: storedBackoff(options.backoff ?? { type: 'exponential' }),
    timeoutMs:
      options.timeout === undefined ? null : positive('timeout', durationMs(options.timeout)),
  }
  return {
    name,
    data,
    options: { ...stored, backoff: { ...stored.backoff } },
    priority: priorityOf(options.priority ?? 'normal'),
    maxAttempts: options.attempts ?? DEFAULTS.attempts,
    delayMs: durationMs(options.delay ?? 0),
    keepCompletedMs: completed.ms,
    keepDeadMs: dead.ms,
    ...(completed.count !== undefined && { keepCompletedCount: completed.count }),
    ...(dead.count !== undefined && { keepDeadCount: dead.count }),
    ...(jobId !== undefined && { id: jobId }),
    ...(lifo !== undefined && { lifo }),
    ...(deduplication !== undefined && {
      deduplication: deduplicationOf(deduplication),
      replace: deduplication.replace ?? false,
    }),
  }
}

/** Reads back what {@link newJobOf} stored; a job added by someone else gets the defaults. */
export function storedOptionsOf(json: Json): StoredJobOptions {
  const given = isRecord(json) ? json : {}
  const backoff = isRecord(given['backoff']) ? given['backoff'] : {}
  const type = backoff['type']
  return {
    backoff: {
      type: type === 'fixed' || type === 'custom' ? type : 'exponential',
      delayMs: numberOr(backoff['delayMs'], DEFAULTS.backoffMs),
      maxMs: numberOr(backoff['maxMs'], DEFAULTS.maxBackoffMs),
      jitter: numberOr(backoff['jitter'], 1),
    },
    timeoutMs: typeof given['timeoutMs'] === 'number' ? given['timeoutMs'] : null,
  }
}

function deduplicationOf({ id, ttl, extend, keepLastIfActive }: JobDeduplication): Deduplication {
  return {
    id,
    ...(ttl !== undefined && { ttlMs: positive('deduplication.ttl', durationMs(ttl)) }),
    ...(extend !== undefined && { extend }),
    ...(keepLastIfActive !== undefined && { keepLast: keepLastIfActive }),
  }
}

function storedBackoff(given: Duration | Backoff): StoredJobOptions['backoff'] {
  const backoff: Backoff = typeof given === 'object' ? given : { type: 'fixed', delay: given }
  const { type, delay = DEFAULTS.backoffMs, maxDelay = DEFAULTS.maxBackoffMs, jitter = 1 } = backoff
  if (type !== 'fixed' && type !== 'exponential' && type !== 'custom') {
    throw new RangeError(
      `Cannot add job: backoff.type is ${JSON.stringify(type)}, "fixed", "exponential" or "custom" expected`,
    )
  }
  if (!(jitter >= 0 && jitter <= 1))
    throw new RangeError(`Cannot add job: backoff.jitter is ${jitter}, 0 to 1 allowed`)
  const delayMs = durationMs(delay)
  return { type, delayMs, maxMs: Math.max(durationMs(maxDelay), delayMs), jitter }
}

function priorityOf(priority: number | JobPriority): number {
  if (typeof priority === 'number') return priority
  const level: number | undefined = PRIORITIES[priority]
  if (level !== undefined) return level
  throw new RangeError(
    `Cannot add job: priority is ${JSON.stringify(priority)}, a number or ${Object.keys(PRIORITIES).join(', ')} expected`,
  )
}

function keepingOf(
  remove: boolean | number | JobKeeping | undefined,
  defaultMs: number,
): { readonly ms: number; readonly count?: number } {
  const given: JobKeeping =
    typeof remove === 'object' ? remove : typeof remove === 'number' ? { count: remove } : {}
  const { age = defaultMs, count } = given
  if (remove === true || count === 0) return { ms: 0 }
  return { ms: durationMs(age), ...(count !== undefined && { count }) }
}

function positive(name: string, ms: number): number {
  if (ms > 0) return ms
  throw new RangeError(`Cannot add job: ${name} is ${ms} ms, more than 0 expected`)
}

function numberOr(value: unknown, otherwise: number): number {
  return typeof value === 'number' ? value : otherwise
}

function isRecord(value: unknown): value is { readonly [key: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
