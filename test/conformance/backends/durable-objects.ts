import {
  durableObjects,
  InfrastructureObject,
  type DurableObjectNamespaceLike,
} from '../../../src/runtime/backends/durable-objects/index.ts'
import { systemClock, type Clock } from '../../../src/runtime/ports/platform/clock.ts'
import { createFakeClock } from '../../../src/testing/fake-clock.ts'
import { createInFlight } from '../../support/in-flight.ts'
import { backendSuites } from './backend-suites.ts'
import type { Suite } from '../suite.ts'

const flight = createInFlight()

/** The clock of the laws and of all their objects, which live in one isolate. */
const clock = createFakeClock(undefined, flight.quiet)

/** An object on the laws' {@link clock}, which finds no job runner, so that the laws' own workers get the jobs. */
export class LawInfrastructureObject extends InfrastructureObject {
  protected override readonly jobRunnerName = 'NoSuchRunner'
  protected override readonly clock: Clock = {
    now: clock.now,
    setTimer: systemClock.setTimer,
    elapsed: clock.elapsed,
  }
}

/**
 * The port laws on Durable Objects, and what stands on them.
 *
 * @param namespace The binding of {@link LawInfrastructureObject}
 * @param seeds Of simulated worlds; see `job-simulation.ts`
 */
export function durableObjectsSuites(
  namespace: DurableObjectNamespaceLike,
  seeds?: string,
): readonly Suite[] {
  return backendSuites('durable-objects', {
    open: async () =>
      flight.watch(durableObjects(namespace, { prefix: `${crypto.randomUUID()}/` })),
    clock,
    advance: clock.advance,
    seeds,
  })
}
