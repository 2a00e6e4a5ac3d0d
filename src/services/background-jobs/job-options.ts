import { checkBooleans, checkOptions } from '../../primitives/check-options.ts'
import { checkDuration, checkInteger, checkNumber } from '../../primitives/check-range.ts'
import type { Duration } from '../../primitives/duration.ts'
import type { Deduplication, NewJob } from '../../runtime/ports/job-store/job-store.ts'
import { checkJobId } from './check-job-id.ts'
import { JOB_LIMITS } from '../../runtime/ports/job-store/job-limits.ts'
import { checkTags } from '../../runtime/ports/job-store/job-tags.ts'
import { readTraceHeaders, type TraceHeaders } from '../../runtime/ports/trace-carrier.ts'
import type { Json } from '../../runtime/ports/json.ts'

/** How a job waits, retries and is kept; the names are BullMQ's. */
export interface JobOptions {
  /** Attempts in all, 1 to 1,000. Default 3. */
  readonly attempts?: number
  /**
   * How often in a row its worker may disappear (crash, or be ended by the platform) while it runs,
   * 0 to 1,000; once more, and it is dead with `lease_lost`. Such an attempt is not spent. A failed
   * attempt begins the count anew. Default 3.
   */
  readonly maxCrashes?: number
  /**
   * How long to wait between attempts; a duration means `fixed`. Default exponential from 1 s with
   * full jitter.
   */
  readonly backoff?: Duration | Backoff
  /** Not before this long from now. Default 0. */
  readonly delay?: Duration
  /** Lower runs first, 0 to 2,097,151, or a level of {@link PRIORITIES}. Default `normal`, 100. */
  readonly priority?: number | JobPriority
  /**
   * Makes adding idempotent: a job of this id that the queue still holds is not added again.
   * Default: random.
   */
  readonly jobId?: string
  /** Drops later jobs of the same `id`. */
  readonly deduplication?: JobDeduplication
  /** Ahead of all waiting jobs of its priority. Default false. */
  readonly lifo?: boolean
  /**
   * Longest time of one attempt; its signal aborts and the attempt has failed. Default: none, the
   * lease is renewed as long as it runs.
   */
  readonly timeout?: Duration
  /**
   * `true` or 0 forgets a completed job at once; otherwise how long its record stays, and how many
   * of the queue's stay: a number is a `count`. Default `{ age: '1d' }`, also for `false` and where
   * no age is given.
   */
  readonly removeOnComplete?: boolean | number | JobKeeping
  /**
   * The same for dead jobs and, counted by themselves, for cancelled ones. Default
   * `{ age: '14d' }`.
   */
  readonly removeOnFail?: boolean | number | JobKeeping
  /**
   * What the job is found by besides, as `customer:7`: up to 8 texts of 1 to 64 UTF-8 bytes without
   * control characters, none twice. They stay with it until it is removed. Those of a job stand in
   * place of those of its definition or queue. Personal data is better kept out of them. Default:
   * none, which costs nothing.
   */
  readonly tags?: readonly string[]
  /**
   * The trace that the job belongs to, on a queue with `tracing`. Default: the one that is running,
   * where the platform remembers it.
   */
  readonly trace?: TraceHeaders | undefined
}

/** How long a finished job's record stays; the first of the two that is reached ends it. */
export interface JobKeeping {
  readonly age?: Duration
  /**
   * When the job finishes, those of the queue's jobs that ended as it did whose keeping ends first
   * go, until no more than this many are left, whatever they were added with. 0 to 1,000,000.
   * Default: any number.
   */
  readonly count?: number
}

/** How later jobs of the same `id` are dropped. */
export interface JobDeduplication {
  readonly id: string
  /** How long. Default: until this job has finished. */
  readonly ttl?: Duration
  /**
   * Each dropped job starts the `ttl` anew (a debounce, with `replace` and `delay`). Default false.
   */
  readonly extend?: boolean
  /**
   * A dropped job's data, delay and options take the place of those of the job that waits. Default
   * false.
   */
  readonly replace?: boolean
  /**
   * While this job runs, the latest dropped one is kept and added once it has finished. Not with
   * `ttl`. Default false.
   */
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
  /**
   * Share of the wait that is left to chance, 0 to 1. Default 1: anything between 0 and the wait.
   */
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
  readonly trace?: TraceHeaders | undefined
}

const DAY_MS = 86_400_000
const ADD = 'add job'
const OPTIONS = [
  'attempts',
  'maxCrashes',
  'backoff',
  'delay',
  'priority',
  'jobId',
  'deduplication',
  'lifo',
  'timeout',
  'removeOnComplete',
  'removeOnFail',
  'tags',
  'trace',
] as const
const DEFAULTS = {
  attempts: 3,
  maxCrashes: 3,
  backoffMs: 1000,
  maxBackoffMs: 3_600_000,
  keepCompletedMs: DAY_MS,
  keepDeadMs: 14 * DAY_MS,
}

/**
 * @throws RangeError when an option is out of range
 * @throws TypeError when there is an option of another name, or `trace` has no traceparent
 */
export function newJobOf(name: string, data: Json, options: JobOptions): NewJob {
  checkOptions(ADD, options, [], OPTIONS)
  const { jobId, deduplication, lifo, timeout } = options
  checkBooleans(ADD, { lifo })
  const { maxCrashes = DEFAULTS.maxCrashes } = options
  const { attempts = DEFAULTS.attempts, backoff = { type: 'exponential' }, delay = 0 } = options
  const completed = keepingOf(
    'removeOnComplete',
    options.removeOnComplete,
    DEFAULTS.keepCompletedMs,
  )
  const dead = keepingOf('removeOnFail', options.removeOnFail, DEFAULTS.keepDeadMs)
  const tags = options.tags === undefined ? [] : checkTags(ADD, options.tags)
  const stored: Omit<StoredJobOptions, 'trace'> = {
    backoff: storedBackoff(backoff),
    timeoutMs: timeout === undefined ? null : msOf('timeout', timeout, 1),
  }
  return {
    name,
    data,
    options: {
      ...stored,
      backoff: { ...stored.backoff },
      ...(options.trace !== undefined && { trace: { ...checkTrace(options.trace) } }),
    },
    priority: priorityOf(ADD, options.priority),
    maxAttempts: checkInteger(ADD, 'attempts', attempts, 1, JOB_LIMITS.attempts),
    maxCrashes: checkInteger(ADD, 'maxCrashes', maxCrashes, 0, JOB_LIMITS.attempts),
    delayMs: msOf('delay', delay),
    keepCompletedMs: completed.ms,
    keepDeadMs: dead.ms,
    ...(completed.count !== undefined && { keepCompletedCount: completed.count }),
    ...(dead.count !== undefined && { keepDeadCount: dead.count }),
    ...(tags.length > 0 && { tags }),
    ...(jobId !== undefined && { id: checkJobId(ADD, jobId) }),
    ...(lifo !== undefined && { lifo }),
    ...(deduplication !== undefined && {
      deduplication: deduplicationOf(deduplication),
      replace: deduplication.replace ?? false,
    }),
  }
}

const OF_ONE_JOB = ['jobId', 'deduplication', 'trace'] as const

/**
 * Checks options that many jobs have in common, before there is any.
 *
 * @throws RangeError when one is out of range
 * @throws TypeError when there is one of another name, or one that only one job can have
 */
export function checkSharedOptions(action: string, options: JobOptions | undefined): void {
  if (options === undefined) return
  const own = OF_ONE_JOB.find((name) => options[name] !== undefined)
  if (own !== undefined)
    throw new TypeError(
      `Cannot ${action}: options.${own} is given, which is of one job, options of all jobs expected`,
    )
  newJobOf('', null, options)
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
    trace: readTraceHeaders(given['trace']),
  }
}

/** @throws TypeError when a trace is given, which would be without effect */
export function refuseTrace(options: JobOptions | undefined): void {
  if (options?.trace !== undefined)
    throw new TypeError(`Cannot ${ADD}: trace is given, but its queue has no tracing`)
}

function checkTrace(given: TraceHeaders): TraceHeaders {
  const trace = readTraceHeaders(given)
  if (trace !== undefined) return trace
  throw new TypeError(`Cannot ${ADD}: trace has no traceparent, one expected`)
}

function deduplicationOf(given: JobDeduplication): Deduplication {
  checkOptions(ADD, given, ['id'], ['ttl', 'extend', 'replace', 'keepLastIfActive'])
  const { id, ttl, extend, replace, keepLastIfActive } = given
  checkBooleans(ADD, { extend, replace, keepLastIfActive })
  return {
    id: checkJobId(ADD, id),
    ...(ttl !== undefined && { ttlMs: msOf('deduplication.ttl', ttl, 1) }),
    ...(extend !== undefined && { extend }),
    ...(keepLastIfActive !== undefined && { keepLast: keepLastIfActive }),
  }
}

function storedBackoff(given: Duration | Backoff): StoredJobOptions['backoff'] {
  const backoff: Backoff = typeof given === 'object' ? given : { type: 'fixed', delay: given }
  checkOptions(ADD, backoff, ['type'], ['delay', 'maxDelay', 'jitter'])
  const { type, delay = DEFAULTS.backoffMs, maxDelay = DEFAULTS.maxBackoffMs, jitter = 1 } = backoff
  if (type !== 'fixed' && type !== 'exponential' && type !== 'custom') {
    throw new RangeError(
      `Cannot add job: backoff.type is ${shown(type)}, "fixed", "exponential" or "custom" expected`,
    )
  }
  checkNumber(ADD, 'backoff.jitter', jitter, 0, 1)
  const delayMs = msOf('backoff.delay', delay)
  return { type, delayMs, maxMs: Math.max(msOf('backoff.maxDelay', maxDelay), delayMs), jitter }
}

/** @throws RangeError when it is neither a number in range nor a level */
export function priorityOf(action: string, priority: number | JobPriority = 'normal'): number {
  if (typeof priority === 'number')
    return checkInteger(action, 'priority', priority, 0, JOB_LIMITS.priority)
  if (typeof priority === 'string' && Object.hasOwn(PRIORITIES, priority))
    return PRIORITIES[priority]
  throw new RangeError(
    `Cannot ${action}: priority is ${shown(priority)}, a number or ${Object.keys(PRIORITIES).join(', ')} expected`,
  )
}

function keepingOf(
  name: string,
  remove: boolean | number | JobKeeping | undefined,
  defaultMs: number,
): { readonly ms: number; readonly count?: number } {
  if (remove === true) return { ms: 0 }
  if (remove === undefined || remove === false) return { ms: defaultMs }
  const given: JobKeeping = typeof remove === 'object' ? remove : { count: remove }
  checkOptions(ADD, given, [], ['age', 'count'])
  const { age = defaultMs, count } = given
  const ms = msOf(`${name}.age`, age)
  if (count === undefined) return { ms }
  checkInteger(ADD, `${name}.count`, count, 0, JOB_LIMITS.kept)
  return count === 0 ? { ms: 0 } : { ms, count }
}

function msOf(name: string, duration: Duration, leastMs = 0): number {
  return checkDuration(ADD, name, duration, leastMs, JOB_LIMITS.delayMs)
}

function numberOr(value: unknown, otherwise: number): number {
  return typeof value === 'number' ? value : otherwise
}

function isRecord(value: unknown): value is { readonly [key: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Anything, for a message: showing may run code of whoever gave it, and fail. */
function shown(given: unknown): string {
  return typeof given === 'string' ? JSON.stringify(given.slice(0, 40)) : `of type ${typeof given}`
}
