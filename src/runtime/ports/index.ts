export {
  STORE_LIMITS,
  type AtomicStore,
  type CommitResult,
  type ListOptions,
  type StoreChange,
  type StoreEntry,
  type StorePage,
  type StorePartition,
} from './atomic-store/atomic-store.ts'
export type { Backend } from './backend.ts'
export { systemClock, type Clock } from './platform/clock.ts'
export type { Doorbell } from './doorbell/doorbell.ts'
export { BackendError, NotConfiguredError, type BackendErrorCode } from './errors.ts'
export { systemFetch, type FetchClient } from './platform/fetch-client.ts'
export { JobAbortError } from './job-processor/job-abort-error.ts'
export type {
  AddResult,
  ClaimedJob,
  Exchange,
  ExchangeResult,
  FinishedChild,
  JobCommand,
  JobLedger,
  JobPage,
  JobRecord,
  ListJobsOptions,
  NewJob,
  QueueCounts,
  QueueLedger,
  Settlement,
} from './job-ledger/job-ledger.ts'
export type { JobOutcome } from './job-ledger/job-outcome.ts'
export { JOB_LIMITS } from './job-ledger/job-limits.ts'
export type { JobControl, JobProcessor } from './job-processor/job-processor.ts'
export { JOB_STATES, type JobState } from './job-ledger/job-state.ts'
export type { Json } from './json.ts'
export { systemRandom, type RandomSource } from './platform/random-source.ts'
export type { RateLimit, RateLimitDecision, RateLimitStore } from './rate-limit-store/rate-limit-store.ts'
