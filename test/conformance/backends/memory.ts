import { memory } from '../../../src/runtime/backends/memory/index.ts'
import { wakerLaws } from '../../../src/runtime/ports/waker/waker.conformance.ts'
import { createFakeClock, createSeededRandom } from '../../../src/testing/index.ts'
import { createInFlight } from '../../support/in-flight.ts'
import { backendSuites } from './backend-suites.ts'
import { suite, type Suite } from '../suite.ts'

/**
 * The laws on the memory backend, and those of the timer that it shares with the other backends of servers.
 *
 * @param seeds Of simulated worlds; see `job-simulation.ts`
 */
export function memorySuites(seeds?: string): readonly Suite[] {
  const clock = createFakeClock(undefined, createInFlight().quiet)
  const random = createSeededRandom()
  const open = () => memory({ clock, random })
  const { advance } = clock
  return [
    ...backendSuites('memory', { open: async () => open(), clock, advance, seeds }),
    suite('Waker', 'timer', wakerLaws, { open: async () => open().waker, advance }),
  ]
}
