import { atomicStoreLaws } from '../../src/runtime/ports/atomic-store.conformance.ts'
import { jobLedgerLaws } from '../../src/runtime/ports/job-ledger.conformance.ts'
import { rateLimitStoreLaws } from '../../src/runtime/ports/rate-limit-store.conformance.ts'
import { sqlite } from '../../src/runtime/sqlite/index.ts'
import type { NativeDatabase } from '../../src/runtime/sqlite/index.ts'
import { createFakeClock } from '../support/fake-clock.ts'
import { createSeededRandom } from '../support/seeded-random.ts'
import { jobQueueSuites } from './job-queue.ts'
import { suite, type Suite } from './suite.ts'

/**
 * The port laws on the SQLite backend.
 *
 * @param openDatabase Opens an empty database in the runtime's own SQLite. Default: the backend does it itself
 */
export function sqliteSuites(
  openDatabase: () => NativeDatabase | string = () => ':memory:',
): readonly Suite[] {
  const clock = createFakeClock()
  const random = createSeededRandom()
  const open = () => sqlite(openDatabase(), { clock, random })
  const { advance } = clock
  return [
    suite('AtomicStore', 'sqlite', atomicStoreLaws, { open: async () => open().store, advance }),
    suite('JobLedger', 'sqlite', jobLedgerLaws, { open: async () => open().ledger, advance }),
    suite('RateLimitStore', 'sqlite', rateLimitStoreLaws, {
      open: async () => open().rateLimits,
      advance,
    }),
    ...jobQueueSuites('sqlite', { open: async () => open(), clock, advance }),
  ]
}
