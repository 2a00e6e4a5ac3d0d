import type {
  CommitResult,
  ListOptions,
  StoreChange,
  StoreEntry,
  StorePage,
} from '../../ports/atomic-store/atomic-store.ts'
import type {
  AddResult,
  Exchange,
  ExchangeResult,
  JobCommand,
  JobIdPage,
  JobPage,
  JobRecord,
  ListJobsOptions,
  NewJob,
  QueueCounts,
} from '../../ports/job-store/job-store.ts'
import type {
  ConsumeOptions,
  RateLimit,
  RateLimitDecision,
  RateLimitName,
} from '../../ports/rate-limit-store/rate-limit-store.ts'
import type { GroupRecord } from '../../ports/job-store/group-control.ts'
import type { QueueEventPage, QueueEventsOptions } from '../../ports/job-store/queue-event.ts'
import type { PlacedChild } from '../sqlite/job-store/child-table.ts'
import type { JsonText } from './json-text.ts'

/**
 * Some of a parent's finished children; `next` asks for those after them, `null` where there are no
 * more.
 */
export interface ChildPage {
  readonly children: readonly PlacedChild[]
  readonly next: string | null
}

/**
 * What an `InfrastructureObject` can be asked by name: every method of the three ports is one call
 * of one of these.
 */
export interface InfrastructureMethods {
  getEntry(key: string): JsonText<StoreEntry | null>
  getEntries(keys: JsonText<readonly string[]>): JsonText<readonly (StoreEntry | null)[]>
  listEntries(options: JsonText<ListOptions>): JsonText<StorePage>
  commitEntries(change: JsonText<StoreChange>): JsonText<CommitResult>

  addJobs(queue: string, jobs: JsonText<readonly NewJob[]>): JsonText<AddResult>
  exchangeJobs(queue: string, exchange: JsonText<Exchange>): JsonText<ExchangeResult>
  getJob(queue: string, id: string): JsonText<JobRecord | null>
  listJobs(queue: string, options: JsonText<ListJobsOptions>): JsonText<JobPage>
  findJobs(queue: string, options: JsonText<ListJobsOptions>): JsonText<JobIdPage>
  listChildren(queue: string, id: string, after: JsonText<string>): JsonText<ChildPage>
  countJobs(queue: string): JsonText<QueueCounts>
  oldestReady(queue: string): JsonText<number | null>
  commandJobs(queue: string, command: JsonText<JobCommand>): JsonText<number>
  getGroup(queue: string, key: JsonText<string>): JsonText<GroupRecord>
  listEvents(queue: string, options: JsonText<QueueEventsOptions>): JsonText<QueueEventPage>

  consumeRateLimits(
    subject: string,
    limits: JsonText<readonly RateLimit[]>,
    options: JsonText<ConsumeOptions>,
  ): JsonText<readonly RateLimitDecision[]>
  settleRateLimits(
    subject: string,
    limits: JsonText<readonly RateLimit[]>,
    operation: string,
  ): JsonText<readonly RateLimitDecision[] | null>
  resetRateLimits(subject: string, limits: JsonText<readonly RateLimitName[]>): JsonText<null>
}
