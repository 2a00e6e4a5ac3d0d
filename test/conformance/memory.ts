import { memory } from '../../src/runtime/memory/index.ts'
import { atomicStoreLaws } from '../../src/runtime/ports/atomic-store.conformance.ts'
import { doorbellLaws } from '../../src/runtime/ports/doorbell.conformance.ts'
import { jobLedgerLaws } from '../../src/runtime/ports/job-ledger.conformance.ts'
import { rateLimitStoreLaws } from '../../src/runtime/ports/rate-limit-store.conformance.ts'
import { createFakeClock } from '../support/fake-clock.ts'
import { createSeededRandom } from '../support/seeded-random.ts'
import { jobQueueSuites } from './job-queue.ts'
import { suite, type Suite } from './suite.ts'

/** The port laws on the memory backend. */
export function memorySuites(): readonly Suite[] {
  const clock = createFakeClock()
  const random = createSeededRandom()
  const open = () => memory({ clock, random })
  const { advance } = clock
  return [
    suite('AtomicStore', 'memory', atomicStoreLaws, { open: async () => open().store, advance }),
    suite('JobLedger', 'memory', jobLedgerLaws, { open: async () => open().ledger, advance }),
    suite('RateLimitStore', 'memory', rateLimitStoreLaws, {
      open: async () => open().rateLimits,
      advance,
    }),
    ...jobQueueSuites('memory', { open: async () => open(), clock, advance }),
    suite('Doorbell', 'timer', doorbellLaws, { open: async () => open().doorbell, advance }),
  ]
}
