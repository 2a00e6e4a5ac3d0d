import { sqlite, type NativeDatabase } from '../../../src/runtime/backends/sqlite/index.ts'
import { createFakeClock, createSeededRandom } from '../../../src/testing/index.ts'
import { createInFlight } from '../../support/in-flight.ts'
import { backendSuites } from './backend-suites.ts'
import type { Suite } from '../suite.ts'

/**
 * The laws on the SQLite backend.
 *
 * @param openDatabase Opens an empty database in the runtime's own SQLite. Default: the backend does it itself
 * @param seeds Of simulated worlds; see `job-simulation.ts`
 */
export function sqliteSuites(
  openDatabase: () => NativeDatabase | string = () => ':memory:',
  seeds?: string,
): readonly Suite[] {
  const clock = createFakeClock(undefined, createInFlight().quiet)
  const random = createSeededRandom()
  const open = async () => sqlite(openDatabase(), { clock, random })
  return backendSuites('sqlite', { open, clock, advance: clock.advance, seeds })
}
