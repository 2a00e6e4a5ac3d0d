export {
  CircuitBreaker,
  type CircuitBreakerOptions,
  type CircuitChange,
  type CircuitMode,
} from './circuit-breaker/circuit-breaker.ts'
export { CircuitOpenError } from './circuit-breaker/circuit-open-error.ts'
export {
  DistributedLock,
  type DistributedLockOptions,
  type LockLease,
} from './locks/distributed-lock.ts'
export {
  createIdempotency,
  type Idempotency,
  type IdempotencyOptions,
} from './idempotency/idempotency.ts'
export { IdempotencyConflictError } from './idempotency/idempotency-conflict-error.ts'
export { IdempotencyError, type IdempotencyErrorCode } from './idempotency/idempotency-error.ts'
export { IdempotencyInProgressError } from './idempotency/idempotency-in-progress-error.ts'
export { createJobWorker, type JobWorker, type JobWorkerOptions } from '../workers/job-worker.ts'
export { runServices, sweepServices, type RunServicesOptions } from '../workers/run-services.ts'
export { LockError, type LockErrorCode } from './locks/lock-error.ts'
export { saga, type SagaDefinition, type SagaResults, type SagaStepOptions } from './sagas/saga.ts'
export { SagaError, type SagaErrorCode } from './sagas/saga-error.ts'
export {
  SagaOrchestrator,
  type SagaOutcome,
  type SagaView,
  type SagaWorkerOptions,
} from './sagas/saga-orchestrator.ts'
export type { SagaOrchestratorOptions } from './sagas/saga-options.ts'
export { Semaphore, type SemaphoreOptions, type SemaphoreSlot } from './locks/semaphore.ts'
export { BackendError, type BackendErrorCode } from '../ports/backend-error.ts'
export { InfrastructureError } from '../ports/infrastructure-error.ts'
export { JobAbortError, type JobAbortErrorCode } from '../ports/job-store/job-abort-error.ts'
export type { LeaseContext, LockedWork } from './locks/work-under-lease.ts'
export type { LeaseOptions } from './locks/lease-options.ts'
