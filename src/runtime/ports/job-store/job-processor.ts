import type { ClaimedJob, FinishedChild } from './job-store.ts'
import type { JobOutcome } from './job-outcome.ts'
import type { Json } from '../json.ts'
import type { AtomicStore } from '../atomic-store/atomic-store.ts'
import type { Clock } from '../platform/clock.ts'
import type { RandomSource } from '../platform/random-source.ts'

/**
 * Runs the jobs of one queue, one at a time as it is asked: the half of a worker that knows what
 * the jobs mean.
 *
 * The other half claims, renews leases and settles; it is a loop on a server, an alarm in a Durable
 * Object, a consumer of a message queue. So one processor serves on every platform.
 */
export interface JobProcessor {
  /** The queue's name in the job store. */
  readonly queue: string
  /**
   * Whether this code can run a job; `process` leaves others to those who can. What was parked is
   * taken up by a worker whose processor answers true. Must not throw. Default: it knows all.
   */
  knows?(job: Pick<ClaimedJob, 'name' | 'data' | 'lastError'>): boolean
  /**
   * Never rejects for a failing job: the failure is an outcome. A rejection gives the job back as
   * if the worker had crashed.
   */
  process(job: ClaimedJob, control: JobControl): Promise<JobOutcome>
}

/** What the worker offers a running job. */
export interface JobControl {
  /**
   * Aborts when the lease is lost, the job is cancelled or the worker must stop now; `reason` says
   * which.
   */
  readonly signal: AbortSignal
  /**
   * Publishes progress within about half a second, the latest of what was told meanwhile. It renews
   * the lease.
   */
  progress(value: Json): void
  /** What keeps the job, where that is no job store: somebody else's queue. */
  readonly engine?: JobEngine
}

/** Somebody else's queue, which claims and settles a job itself and knows nothing of its kind. */
export interface JobEngine {
  /** What the job's children came to. */
  children(): Promise<readonly FinishedChild[]>
  /** Makes what hands out the places of a limit, since it knows no groups: `Semaphore` fits. */
  semaphore(options: EngineSemaphoreOptions): EngineSemaphore
}

/** What a {@link JobEngine} makes an {@link EngineSemaphore} of. */
export interface EngineSemaphoreOptions {
  readonly backend: { readonly store: AtomicStore }
  /** Places of each key. */
  readonly limit: number
  readonly partition: string
  readonly clock: Clock
  readonly random: RandomSource
}

/** Lets so much work go on at once for each key, in all processes together. */
export interface EngineSemaphore {
  /** Rejects with code `lock_held` where no place is free. */
  withSlot(key: string, work: () => Promise<void>): Promise<unknown>
}
