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
export type { Waker } from './waker/waker.ts'
export { BackendError, type BackendErrorCode } from './backend-error.ts'
export { InfrastructureError } from './infrastructure-error.ts'
export { NotConfiguredError } from './not-configured-error.ts'
export type { MetricReading, Service, ServiceRunOptions } from './service.ts'
export type { ServiceMetrics } from './service-metrics.ts'
export type { TraceCarrier, TracedWork, TraceHeaders } from './trace-carrier.ts'
export { systemFetch, type FetchClient } from './platform/fetch-client.ts'
export { JobAbortError, type JobAbortErrorCode } from './job-store/job-abort-error.ts'
export type {
  AddResult,
  ClaimedJob,
  Exchange,
  ExchangeResult,
  FinishedChild,
  JobCommand,
  JobStore,
  JobPage,
  JobRecord,
  ListJobsOptions,
  NewJob,
  QueueCounts,
  QueueStore,
  Settlement,
} from './job-store/job-store.ts'
export type { JobOutcome } from './job-store/job-outcome.ts'
export { JOB_LIMITS } from './job-store/job-limits.ts'
export type { JobControl, JobProcessor } from './job-store/job-processor.ts'
export { JOB_STATES, type JobState } from './job-store/job-state.ts'
export type { GroupControl, GroupRecord } from './job-store/group-control.ts'
export type {
  QueueEvent,
  QueueEventPage,
  QueueEventsOptions,
  QueueEventType,
} from './job-store/queue-event.ts'
export type { AsJson, Json } from './json.ts'
export { scanJson, type JsonScan, type ScanJsonOptions } from '../../primitives/scan-json.ts'
export { writeJson, type WriteJsonOptions } from '../../primitives/write-json.ts'
export { systemRandom, type RandomSource } from './platform/random-source.ts'
export { RATE_LIMIT_LIMITS } from './rate-limit-store/rate-limit-limits.ts'
export type {
  BanRateLimit,
  CalendarRateLimit,
  ConcurrencyRateLimit,
  ConsumeOptions,
  FixedWindowRateLimit,
  GcraRateLimit,
  LocalRateLimits,
  RateLimit,
  RateLimitDecision,
  RateLimitName,
  RateLimitStore,
  SlidingLogRateLimit,
  SlidingWindowRateLimit,
} from './rate-limit-store/rate-limit-store.ts'
