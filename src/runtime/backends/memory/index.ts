import type { Backend } from '../../ports/backend.ts'
import { systemClock, type Clock } from '../../ports/platform/clock.ts'
import type { Doorbell } from '../../ports/doorbell/doorbell.ts'
import { systemRandom, type RandomSource } from '../../ports/platform/random-source.ts'
import { createTimerDoorbell } from '../../workers/timer-doorbell.ts'
import { createMemoryAtomicStore } from './atomic-store.ts'
import { createMemoryJobLedger } from './job-ledger.ts'
import { createMemoryRateLimitStore } from './rate-limit-store.ts'

/** Options of {@link memory}. */
export interface MemoryOptions {
  /** Default: the platform's clock. */
  readonly clock?: Clock
  /** Default: the platform's cryptographic generator. */
  readonly random?: RandomSource
}

/** A {@link Backend} whose doorbell can be listened to: what a worker on a server needs. */
export type MemoryBackend = Backend & { readonly doorbell: Required<Doorbell> }

/** Keeps everything in this process's memory: for tests, browsers and single isolates. Nothing survives the process. */
export function memory(options: MemoryOptions = {}): MemoryBackend {
  const { clock = systemClock, random = systemRandom } = options
  return {
    store: createMemoryAtomicStore(clock),
    ledger: createMemoryJobLedger(clock, random),
    rateLimits: createMemoryRateLimitStore(clock),
    doorbell: createTimerDoorbell(clock),
    durability: 'none',
  }
}
