export {
  CircuitBreaker,
  type CircuitBreakerOptions,
  type CircuitChange,
  type CircuitMode,
} from './circuit-breaker.ts'
export { CircuitOpenError } from './circuit-open-error.ts'
export {
  DistributedLock,
  type DistributedLockOptions,
  type LockedWork,
  type LockLease,
} from './distributed-lock.ts'
export { createIdempotency, type Idempotency, type IdempotencyOptions } from './idempotency.ts'
export {
  IdempotencyConflictError,
  IdempotencyError,
  IdempotencyInProgressError,
  type IdempotencyErrorCode,
} from './idempotency-error.ts'
export { createJobWorker, type JobWorker, type JobWorkerOptions } from './job-worker.ts'
export { LockError, type LockErrorCode } from './lock-error.ts'
export { saga, type SagaDefinition, type SagaResults, type SagaStepOptions } from './saga.ts'
export { SagaError, type SagaErrorCode } from './saga-error.ts'
export { SagaOrchestrator, type SagaOutcome, type SagaView } from './saga-orchestrator.ts'
export type { SagaOrchestratorOptions } from './saga-options.ts'
export { Semaphore, type SemaphoreOptions, type SemaphoreSlot } from './semaphore.ts'
