import { checkOptions } from '../../../primitives/check-options.ts'
import { checkDuration } from '../../../primitives/check-range.ts'
import type { Duration } from '../../../primitives/duration.ts'

/** How a lock, or a slot of a semaphore, is taken. */
export interface LeaseOptions {
  /**
   * How long it stays held without a renewal, 10 ms to 1 day: what a crash of its holder costs.
   * Default 30 s.
   */
  readonly ttl?: Duration
  /** How long to wait while it is held by others, at most 1 day. Default 0: try once. */
  readonly wait?: Duration
  /** Stops the wait, and the work that `withLock` or `withSlot` runs. */
  readonly signal?: AbortSignal
}

const DAY_MS = 86_400_000
const TAKE = 'take lease'

/** @throws RangeError when an option is out of range */
export function checkLeaseOptions(options: LeaseOptions = {}): {
  readonly ttlMs: number
  readonly waitMs: number
  readonly signal: AbortSignal | undefined
} {
  checkOptions(TAKE, options, [], ['ttl', 'wait', 'signal'])
  const { ttl = 30_000, wait = 0, signal } = options
  return {
    ttlMs: checkDuration(TAKE, 'ttl', ttl, 10, DAY_MS),
    waitMs: checkDuration(TAKE, 'wait', wait, 0, DAY_MS),
    signal,
  }
}
