import { checkOptions } from '../../../primitives/check-options.ts'
import { checkInteger, checkNumber } from '../../../primitives/check-range.ts'
import { JOB_LIMITS } from '../../ports/job-store/job-limits.ts'

/**
 * What BullMQ's workers know of a job, by BullMQ's names: those of its options that can be honoured
 * without its library.
 */
export interface BullmqJobOptions {
  /**
   * Makes adding idempotent: a job of this id that the queue still holds is not added again. 1 to
   * 256 characters, no `:`, no whole number and none of the names of BullMQ's own keys, such as
   * `wait`. Default: counted by the queue.
   */
  readonly jobId?: string
  /** Not before this many ms from now, up to 10 years. Default 0. */
  readonly delay?: number
  /** Lower runs first, 1 to 2,097,151; 0 runs ahead of them all. Default 0. */
  readonly priority?: number
  /** Attempts in all, 1 or more. Default: BullMQ's, which is one. */
  readonly attempts?: number
  /** The wait between attempts; a number is a fixed one in ms. Default: none. */
  readonly backoff?: number | BullmqBackoff
  /**
   * Ahead of all waiting jobs; without meaning beside `delay` and `priority`, as in BullMQ. Default
   * false.
   */
  readonly lifo?: boolean
  /**
   * `true` removes a completed job at once, a number keeps that many. Default: what the worker
   * says, else all are kept.
   */
  readonly removeOnComplete?: boolean | number | BullmqKeep
  /** The same for failed jobs. */
  readonly removeOnFail?: boolean | number | BullmqKeep
  /** How many lines of the job's log are kept. Default: all. */
  readonly keepLogs?: number
  /** How many stack traces of its failures are kept. Default: all. */
  readonly stackTraceLimit?: number
}

/** The wait between attempts. */
export interface BullmqBackoff {
  /** `fixed`, `exponential`, or the name of a strategy that the workers know. */
  readonly type: string
  /** In ms. */
  readonly delay?: number
  /** Share of the wait that is left to chance, 0 to 1. Default 0. */
  readonly jitter?: number
}

/**
 * Which finished jobs stay: the latest `count`, those younger than `age` seconds, or both; `limit`
 * is how many are removed at a time.
 */
export type BullmqKeep =
  | { readonly count: number }
  | { readonly age: number; readonly count?: number; readonly limit?: number }

/** Options as the script and BullMQ's job hash take them. */
export interface EncodedOptions {
  /** Empty where the queue is to count. */
  readonly id: string
  /** JSON, under the names that BullMQ stores. */
  readonly json: string
  readonly delayMs: number
  readonly priority: number
  readonly lifo: boolean
}

const ADD = 'add job to BullMQ'
const KNOWN: readonly (keyof BullmqJobOptions)[] = [
  'jobId',
  'delay',
  'priority',
  'attempts',
  'backoff',
  'lifo',
  'removeOnComplete',
  'removeOnFail',
  'keepLogs',
  'stackTraceLimit',
]

/** The last parts of the keys that BullMQ keeps beside the jobs of a queue. */
const OWN_KEYS: ReadonlySet<string> = new Set([
  'active',
  'completed',
  'de',
  'delayed',
  'events',
  'failed',
  'id',
  'limiter',
  'marker',
  'meta',
  'paused',
  'pc',
  'prioritized',
  'repeat',
  'stalled',
  'stalled-check',
  'wait',
  'waiting-children',
])

/**
 * @throws RangeError when an option is out of range
 * @throws TypeError when there is an option that only BullMQ's own library can honour, such as
 *   `parent`
 */
export function encodeOptions(options: BullmqJobOptions): EncodedOptions {
  checkOptions(ADD, options, [], KNOWN)
  const { backoff, keepLogs, ...plain } = options
  if (options.jobId !== undefined) checkId(options.jobId)
  checkCount('delay', options.delay, 0, JOB_LIMITS.delayMs)
  checkCount('priority', options.priority, 0, JOB_LIMITS.priority)
  checkCount('attempts', options.attempts, 1)
  checkCount('keepLogs', keepLogs, 0)
  checkCount('stackTraceLimit', options.stackTraceLimit, 0)
  checkKeep('removeOnComplete', options.removeOnComplete)
  checkKeep('removeOnFail', options.removeOnFail)
  return {
    id: options.jobId ?? '',
    json: JSON.stringify({
      // BullMQ writes 0 attempts where none are asked for, and `keepLogs` under a shorter name.
      attempts: 0,
      ...plain,
      ...(backoff !== undefined && { backoff: encodeBackoff(backoff) }),
      ...(keepLogs !== undefined && { kl: keepLogs }),
    }),
    delayMs: options.delay ?? 0,
    priority: options.priority ?? 0,
    lifo: options.lifo ?? false,
  }
}

function encodeBackoff(given: number | BullmqBackoff): BullmqBackoff {
  const backoff = typeof given === 'number' ? { type: 'fixed', delay: given } : given
  checkCount('backoff.delay', backoff.delay, 0)
  const { type, jitter = 0 } = backoff
  if (typeof type !== 'string' || type === '')
    throw new RangeError('Cannot add job to BullMQ: backoff.type is no name, one expected')
  checkNumber(ADD, 'backoff.jitter', jitter, 0, 1)
  return backoff
}

function checkId(id: string): void {
  if (!id.isWellFormed() || id.length < 1 || id.length > 256)
    throw new RangeError(
      `Cannot add job to BullMQ: jobId has ${id.length} characters, 1 to 256 of well-formed text expected`,
    )
  // A number would meet the ids that the queue counts, a colon the keys that BullMQ names after a
  // job's.
  if (id.includes(':') || String(Number.parseInt(id, 10)) === id || OWN_KEYS.has(id))
    throw new RangeError(
      "Cannot add job to BullMQ: jobId is a number, has a colon or names one of BullMQ's own keys, another expected",
    )
}

function checkKeep(name: string, keep: BullmqJobOptions['removeOnComplete']): void {
  if (keep === undefined || typeof keep === 'boolean') return
  if (typeof keep === 'number') return checkCount(name, keep, -1)
  const { age, count, limit }: Partial<Record<'age' | 'count' | 'limit', number>> = keep
  if (age === undefined && count === undefined)
    throw new RangeError(
      `Cannot add job to BullMQ: ${name} has neither age nor count, one expected`,
    )
  checkCount(`${name}.age`, age, 0)
  checkCount(`${name}.count`, count, -1)
  checkCount(`${name}.limit`, limit, 1)
}

function checkCount(
  name: string,
  value: number | undefined,
  least: number,
  most: number = Number.MAX_SAFE_INTEGER,
): void {
  if (value !== undefined) checkInteger(ADD, name, value, least, most)
}
