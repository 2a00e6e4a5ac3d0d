import type { Json } from '../json.ts'

/** A job to add. `data` and `options` are carried unread. */
export interface NewJob {
  /**
   * Chosen by the caller to make adding idempotent, 1 to 256 characters. Default: made by the job
   * store.
   */
  readonly id?: string
  readonly name: string
  readonly data: Json
  /** How the service retries, times out and so on; opaque to the job store. */
  readonly options?: Json
  /** 0 (first) to 2,097,151; within one, first in first out. Default 0. */
  readonly priority?: number
  /** Ahead of all ready jobs of its priority rather than behind them. Default false. */
  readonly lifo?: boolean
  /** Not before this long after adding. Default 0. */
  readonly delayMs?: number
  /** Attempts in all, 1 to 1,000. Default 1. */
  readonly maxAttempts?: number
  /**
   * Leases that may be lost in a row, 0 to 1,000, before the next one that is makes the job dead; a
   * failed attempt begins the count anew. Such an attempt is not spent. Default: a lost lease
   * counts as an attempt.
   */
  readonly maxCrashes?: number
  /** Drops later jobs of the same id; see {@link import('./job-store.ts').QueueStore.add}. */
  readonly deduplication?: Deduplication
  /**
   * When the job is not added because `id` or `deduplication.id` is held by one that waits (ready,
   * held or scheduled): that one stands as if added now with this job's name, data, options,
   * priority, order, delay, attempts and keeping. Its id, deduplication, group and parent stay.
   * Default false.
   */
  readonly replace?: boolean
  /**
   * A job is made ready only while fewer than `limit` (1 to 1,000) jobs of the queue with this key
   * (1 to 256 characters) are ready or active. Otherwise it is `held`; when one of those ends or is
   * scheduled again, held ones follow by priority and then order while they have room by their own
   * `limit`, each behind what is ready: so no key starves another.
   */
  readonly group?: { readonly key: string; readonly limit: number }
  /**
   * The id of a job earlier in the same `add` that is `blocked` until this one has ended: a flow.
   * Then it is ready at once, whatever its delay. For a child that is not added, because its `id`
   * or `deduplication.id` is held, the holder is waited for: from now on it is a child of this
   * parent too, and one that has ended counts as it ended. A holder that is gone (a `ttlMs`
   * outlives it) is a child that was `removed`, and fails nothing. The children of a job that is
   * not added are not added either, and answered with their own id, or else the parent's. A job
   * that would wait for itself is a RangeError.
   */
  readonly parent?: string
  /**
   * What a child that is dead, cancelled or removed does to its parent: `fail` makes it dead while
   * the other children go on, `ignore` counts as finished. A parked child has not finished. Default
   * `fail`.
   */
  readonly onFailure?: 'fail' | 'ignore'
  /** Keep the record this long after the job completed; 0 removes it at once. Default 0. */
  readonly keepCompletedMs?: number
  /**
   * Keep the record this long after the job died or was cancelled; 0 removes it at once. Default 14
   * days.
   */
  readonly keepDeadMs?: number
  /**
   * Keep no more completed jobs of the queue than this, 1 to 1,000,000. Whenever one with a bound
   * has completed and is kept, those of the queue whose keeping ends first go at the end of that
   * exchange or command, whatever they were added with; the smallest bound counts of those that
   * completed in it. One call drops up to 1,000 more than completed under a bound; the calls that
   * follow go on. Default: no bound.
   */
  readonly keepCompletedCount?: number
  /** The same for dead jobs and, counted by themselves, for cancelled ones. Default: no bound. */
  readonly keepDeadCount?: number
  /**
   * What the job is found by besides: up to 8 texts of 1 to 64 UTF-8 bytes without control
   * characters, none twice. They stay with the job until it is removed. Default: none, which costs
   * nothing.
   */
  readonly tags?: readonly string[]
}

/** How later jobs of the same id are dropped. */
export interface Deduplication {
  /** 1 to 256 characters. */
  readonly id: string
  /** How long; default: until the first has finished. */
  readonly ttlMs?: number
  /**
   * This job, when it is dropped during the `ttlMs` of the first, starts its own `ttlMs` anew.
   * Default false.
   */
  readonly extend?: boolean
  /**
   * This job, when it is the latest that was dropped while the first was active, is added once the
   * first has finished, been parked or removed: with an id that the job store makes, without
   * parent, its delay starting then. Not with `ttlMs`. Default false.
   */
  readonly keepLast?: boolean
}
