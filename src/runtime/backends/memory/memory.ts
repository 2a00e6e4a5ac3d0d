import { checkOptions } from '../../../primitives/check-options.ts'
import type { CheckedBackend } from '../../ports/backend.ts'
import { systemClock, type Clock } from '../../ports/platform/clock.ts'
import { checkRateLimits } from '../../ports/rate-limit-store/check-rate-limits.ts'
import type { Waker } from '../../ports/waker/waker.ts'
import { systemRandom, type RandomSource } from '../../ports/platform/random-source.ts'
import { createTimerWaker } from '../../workers/timer-waker.ts'
import { createMemoryAtomicStore } from './atomic-store.ts'
import { createMemoryJobStore } from './job-store.ts'
import { createMemoryRateLimitStore } from './rate-limit-store.ts'

/** Subjects of rate limits that are kept at once. */
const MAX_SUBJECTS = 1_000_000

/** Options of {@link memory}. */
export interface MemoryOptions {
  /** Default: the platform's clock. */
  readonly clock?: Clock
  /** Default: the platform's cryptographic generator. */
  readonly random?: RandomSource
}

/** A backend whose waker can be listened to: what a worker on a server needs. */
export type MemoryBackend = CheckedBackend & { readonly waker: Required<Waker> }

/**
 * Keeps everything in this process's memory: for tests, browsers and single isolates. Nothing
 * survives the process.
 *
 * @example
 * const queue = new JobQueue({ name: 'emails', backend: memory(), jobs })
 */
export function memory(options: MemoryOptions = {}): MemoryBackend {
  checkOptions('open memory backend', options, [], ['clock', 'random'])
  const { clock = systemClock, random = systemRandom } = options
  return {
    store: createMemoryAtomicStore(clock),
    jobStore: createMemoryJobStore(clock, random),
    rateLimits: createMemoryRateLimitStore(clock, MAX_SUBJECTS, () => checkRateLimits),
    waker: createTimerWaker(clock),
    durability: 'none',
    ready: async () => [],
  }
}
