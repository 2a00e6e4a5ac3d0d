export { createJob } from './create-job.ts'
export { defineJob, type JobContext, type JobDefinition, type RunningJob } from './define-job.ts'
export { JobError, RetryLaterError, UnrecoverableError, type JobErrorCode } from './errors.ts'
export { PRIORITIES, type Backoff, type JobOptions, type JobPriority } from './job-options.ts'
export {
  JobQueue,
  type AddedJob,
  type JobDefinitions,
  type JobInput,
  type JobQueueOptions,
  type JobToAdd,
  type RunOptions,
} from './job-queue.ts'
export {
  CircuitBreaker,
  CircuitOpenError,
  DistributedLock,
  saga,
  SagaError,
  SagaOrchestrator,
  Semaphore,
} from '../../runtime/coordination/index.ts'
