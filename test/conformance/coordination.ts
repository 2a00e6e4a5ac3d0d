import { circuitLaws } from './coordination/circuit-laws.ts'
import { idempotencyLaws } from './coordination/idempotency-laws.ts'
import { lockLaws } from './coordination/lock-laws.ts'
import { sagaCrashLaws } from './coordination/saga-crash-laws.ts'
import { sagaLaws } from './coordination/saga-laws.ts'
import { semaphoreLaws } from './coordination/semaphore-laws.ts'
import type { CoordinationHarness } from './coordination/world.ts'
import { suite, type Suite } from './suite.ts'

export type { CoordinationHarness }

/** What locks, semaphores, idempotent calls, circuit breakers and sagas promise on every backend. */
export function coordinationSuites(
  adapter: string,
  harness: CoordinationHarness,
): readonly Suite[] {
  return [
    suite('DistributedLock', adapter, lockLaws, harness),
    suite('Semaphore', adapter, semaphoreLaws, harness),
    suite('Idempotency', adapter, idempotencyLaws, harness),
    suite('CircuitBreaker', adapter, circuitLaws, harness),
    suite('SagaOrchestrator', adapter, [...sagaLaws, ...sagaCrashLaws], harness),
  ]
}
