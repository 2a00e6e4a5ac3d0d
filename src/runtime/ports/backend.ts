import type { AtomicStore } from './atomic-store/atomic-store.ts'
import type { Doorbell } from './doorbell/doorbell.ts'
import type { JobLedger } from './job-ledger/job-ledger.ts'
import type { RateLimitStore } from './rate-limit-store/rate-limit-store.ts'

/** One place that keeps everything: what `memory()`, `sqlite()`, `durableObjects()` and `redis()` make. */
export interface Backend {
  readonly store: AtomicStore
  readonly ledger: JobLedger
  readonly rateLimits: RateLimitStore
  readonly doorbell: Doorbell
  /** What an acknowledged write survives: replicated disk, this machine's disk, an asynchronous replica, or nothing. */
  readonly durability: 'strong' | 'local' | 'async-replicated' | 'none'
}
