export type { BulkOptions, BulkResult, JobAction, JobCount, JobCountQuery } from './bulk-jobs.ts'
export type { JobChanges } from './change-job.ts'
export { createJob } from './create-job.ts'
export {
  defineJob,
  type JobContext,
  type JobDefinition,
  type RunningJob,
  type WaitForChildrenOptions,
} from './define-job.ts'
export type {
  AnyJobDefinition,
  BatchContext,
  BatchedJob,
  BatchJobDefinition,
  BatchResult,
  JobBatching,
} from './batch-job.ts'
export type { JobEvent, JobEventListener } from './job-events.ts'
export type { FlowChild } from './flow-child.ts'
export type { JobFlow, QueuedChild } from './job-flow.ts'
export type { JobGroup } from './job-group.ts'
export type { GroupRecord } from '../../runtime/ports/index.ts'
export type { JobPageQuery, JobQuery } from './job-query.ts'
export type { JobStatistics } from './job-statistics.ts'
export type { RedriveOptions } from './redrive.ts'
export { JobError, type JobErrorCode } from './job-error.ts'
export { RetryLaterError } from './retry-later-error.ts'
export { UnrecoverableError } from './unrecoverable-error.ts'
export { PRIORITIES, type Backoff, type JobOptions, type JobPriority } from './job-options.ts'
export { JobQueue } from './job-queue.ts'
export type { JobQueueOptions, RunOptions } from './job-queue-options.ts'
export type { FinishedOptions } from './finished.ts'
export type {
  FleetEvent,
  MissedEvents,
  QueueEventStreamOptions,
  RecordEventsOptions,
} from './queue-events.ts'
export type { QueueEvent, QueueEventType } from '../../runtime/ports/index.ts'
export type {
  AddedJob,
  JobResult,
  JobDefinitions,
  JobInput,
  JobToAdd,
  SchemalessName,
} from './job-to-add.ts'
export { scheduleJob, type ScheduledJob } from './schedule-job.ts'
export type {
  JobSchedule,
  SchedulePage,
  SchedulePageOptions,
  SchedulePolicies,
} from './schedules.ts'
export type { MisfirePolicy } from './scheduling/decide-ticks.ts'
export type { OverlapPolicy } from './scheduling/decide-overlap.ts'
export { describeCron } from './scheduling/describe-cron.ts'
export { nextRuns } from './scheduling/next-runs.ts'
export { ScheduleError, type ScheduleErrorCode } from './scheduling/schedule-error.ts'
export {
  CircuitBreaker,
  CircuitOpenError,
  DistributedLock,
  IdempotencyConflictError,
  IdempotencyError,
  IdempotencyInProgressError,
  LockError,
  runServices,
  saga,
  SagaError,
  SagaOrchestrator,
  Semaphore,
  sweepServices,
  type IdempotencyErrorCode,
  type LockErrorCode,
  type SagaErrorCode,
} from '../../runtime/coordination/index.ts'
export type { ServiceMetrics } from '../../runtime/ports/service-metrics.ts'
export type { TraceCarrier, TracedWork, TraceHeaders } from '../../runtime/ports/trace-carrier.ts'
export {
  BackendError,
  InfrastructureError,
  JobAbortError,
  type BackendErrorCode,
  type JobAbortErrorCode,
} from '../../runtime/ports/index.ts'
