import { blockedLeaseLaws } from './blocked-lease-laws.ts'
import { circuitLaws } from './circuit-laws.ts'
import { idempotencyLaws } from './idempotency-laws.ts'
import { lockLaws } from './lock-laws.ts'
import { longestNameLaws } from './longest-name-laws.ts'
import { oddErrorLaws } from './odd-error-laws.ts'
import { sagaCrashLaws } from './saga-crash-laws.ts'
import { sagaLaws } from './saga-laws.ts'
import { semaphoreLaws } from './semaphore-laws.ts'
import type { CoordinationHarness } from './fixture.ts'
import { suite, type Suite } from '../suite.ts'

export type { CoordinationHarness }

/** What locks, semaphores, idempotent calls, circuit breakers and sagas promise on every backend. */
export function coordinationSuites(
  adapter: string,
  harness: CoordinationHarness,
): readonly Suite[] {
  return [
    suite('DistributedLock', adapter, lockLaws, harness),
    suite('Semaphore', adapter, semaphoreLaws, harness),
    suite('DistributedLock and Semaphore', adapter, blockedLeaseLaws, harness),
    suite('Idempotency', adapter, idempotencyLaws, harness),
    suite('CircuitBreaker', adapter, circuitLaws, harness),
    suite('SagaOrchestrator', adapter, [...sagaLaws, ...sagaCrashLaws], harness),
    suite('Coordination', adapter, [...oddErrorLaws, ...longestNameLaws], harness),
  ]
}
