import type { AtomicStore } from './atomic-store/atomic-store.ts'
import type { Waker } from './waker/waker.ts'
import type { JobStore } from './job-store/job-store.ts'
import type { RateLimitStore } from './rate-limit-store/rate-limit-store.ts'

/**
 * One place that keeps everything: what `memory()`, `sqlite()`, `durableObjects()` and `redis()`
 * make.
 */
export interface Backend {
  readonly store: AtomicStore
  readonly jobStore: JobStore
  readonly rateLimits: RateLimitStore
  readonly waker: Waker
  /**
   * What an acknowledged write survives: replicated disk, this machine's disk, an asynchronous
   * replica, or nothing.
   */
  readonly durability: 'strong' | 'local' | 'async-replicated' | 'none'
}
