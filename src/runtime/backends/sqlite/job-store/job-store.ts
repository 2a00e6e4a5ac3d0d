import type { Clock } from '../../../ports/platform/clock.ts'
import { checkCommand, encodeJobs, JOB_LIMITS } from '../../../ports/job-store/job-limits.ts'
import type {
  AddResult,
  Exchange,
  ExchangeResult,
  FinishedChild,
  JobCommand,
  JobIdPage,
  JobPage,
  JobRecord,
  ListJobsOptions,
  NewJob,
  QueueCounts,
} from '../../../ports/job-store/job-store.ts'
import { checkGroupKey, type GroupRecord } from '../../../ports/job-store/group-control.ts'
import { createLeaseClock } from '../../../ports/job-store/lease-clock.ts'
import { createKeptBounds } from '../../../ports/job-store/kept-bounds.ts'
import type { QueueEventPage, QueueEventsOptions } from '../../../ports/job-store/queue-event.ts'
import type { RandomSource } from '../../../ports/platform/random-source.ts'
import { addJobs } from './add-jobs.ts'
import { createChildTable, inOrder, type PlacedChild } from './child-table.ts'
import { commandJobs } from './command-jobs.ts'
import { createDeduplicationTable, createFollowUpTable } from './deduplication.ts'
import { createEventLog, readEvents } from './event-log.ts'
import { exchangeJobs } from './exchange-jobs.ts'
import { orderOfExchange } from '../../../ports/job-store/exchange-order.ts'
import { createGroupTable, readGroup } from './group-gate.ts'
import { createRememberedCounts, type JobCounts } from './job-counts.ts'
import { createJobSequence } from './job-position.ts'
import { createJobTable } from './job-table.ts'
import type { JobContext } from './job-context.ts'
import { readQueueOverview, wakeAtOf } from './queue-overview.ts'
import { readOldestReady } from './oldest-ready.ts'
import { countJobs, getJob, listJobs } from './read-jobs.ts'
import { findJobs } from './search-jobs.ts'
import { checkSearch } from '../../../ports/job-store/job-search.ts'
import type { SqlDatabase } from '../database/sql-database.ts'

/** The engine of a `JobStore` over SQLite, synchronous; queues are a column. */
export interface SqliteJobStore {
  add(queue: string, jobs: readonly NewJob[]): AddResult
  exchange(queue: string, exchange: Exchange): ExchangeResult
  get(queue: string, id: string): JobRecord | null
  list(queue: string, options: ListJobsOptions): JobPage
  find(queue: string, options: ListJobsOptions): JobIdPage
  children(queue: string, id: string): readonly FinishedChild[]
  /** At most `limit` finished children whose id is after `after`, in the order of their ids. */
  childPage(queue: string, id: string, after: string, limit: number): readonly PlacedChild[]
  counts(queue: string): QueueCounts
  oldestReady(queue: string): number | null
  command(queue: string, command: JobCommand): number
  group(queue: string, key: string): GroupRecord
  events(queue: string, options: QueueEventsOptions): QueueEventPage
  /**
   * When any queue next needs a worker, ms since 1970: 0 when jobs are ready, `null` when no job
   * waits. So a Durable Object sets its one alarm.
   */
  nextWakeAt(): number | null
  /** The names of all queues that hold jobs, in order. */
  queues(): readonly string[]
  /**
   * As `add`, but checks and copies its arguments now and acts when the returned function is
   * called.
   */
  prepareAdd(queue: string, jobs: readonly NewJob[]): () => AddResult
  /**
   * As `exchange`, but checks and copies its arguments now and acts when the returned function is
   * called.
   */
  prepareExchange(queue: string, exchange: Exchange): () => ExchangeResult
  /**
   * As `command`, but checks and copies its arguments now and acts when the returned function is
   * called.
   */
  prepareCommand(queue: string, command: JobCommand): () => number
}

/**
 * @param db A database that {@link import('../database/schema.ts').migrate} has brought up to date
 * @param counts Default: for a database that nobody else writes
 */
export function createSqliteJobStore(
  db: SqlDatabase,
  clock: Clock,
  random: RandomSource,
  counts: JobCounts = createRememberedCounts(db),
): SqliteJobStore {
  const sequence = createJobSequence(clock)
  const jobs = createJobTable(db, sequence, counts)
  const shared: Omit<JobContext, 'bounds' | 'events' | 'retried'> = {
    db,
    clock,
    random,
    jobs,
    counts,
    groups: createGroupTable(db),
    children: createChildTable(db),
    followUps: createFollowUpTable(db),
    deduplication: createDeduplicationTable(db, jobs),
    sequence,
    leases: createLeaseClock(clock),
  }

  /** A call that failed on its way leaves nothing behind for the next one. */
  const contextOfCall = (): JobContext => ({
    ...shared,
    bounds: createKeptBounds(),
    events: createEventLog(db),
    retried: { count: 0 },
  })

  function act<T>(queue: string, change: (context: JobContext) => T): T {
    try {
      return db.transaction(() => {
        const result = change(contextOfCall())
        counts.save(queue)
        return result
      })
    } catch (error) {
      counts.undo(queue)
      throw error
    }
  }

  function prepareAdd(queue: string, given: readonly NewJob[]): () => AddResult {
    const encoded = encodeJobs(given)
    return () => act(queue, (context) => addJobs(context, queue, encoded))
  }

  function prepareExchange(queue: string, exchange: Exchange): () => ExchangeResult {
    const order = orderOfExchange(exchange)
    return () => act(queue, (context) => exchangeJobs(context, queue, order))
  }

  function prepareCommand(queue: string, command: JobCommand): () => number {
    const copy = checkCommand(command)
    return () => act(queue, (context) => commandJobs(context, queue, copy))
  }

  function childPage(
    queue: string,
    id: string,
    after: string,
    limit: number,
  ): readonly PlacedChild[] {
    return shared.children.page(queue, id, { after, limit, now: clock.now() })
  }

  return {
    prepareAdd,
    prepareExchange,
    prepareCommand,
    add: (queue, given) => prepareAdd(queue, given)(),
    exchange: (queue, exchange) => prepareExchange(queue, exchange)(),
    command: (queue, command) => prepareCommand(queue, command)(),
    get: (queue, id) => getJob(shared, queue, id),
    list: (queue, options) => listJobs(shared, queue, options),
    find(queue, options) {
      checkSearch(options)
      return findJobs(shared, queue, options)
    },
    children: (queue, id) => inOrder(childPage(queue, id, '', JOB_LIMITS.batch)),
    childPage,
    counts: (queue) => countJobs(shared, queue),
    oldestReady: (queue) => readOldestReady(db, queue),
    group(queue, key) {
      checkGroupKey(key)
      return readGroup(shared.groups, queue, key)
    },
    events: (queue, options) => readEvents(db, queue, options),
    queues: () => jobs.queues(),
    nextWakeAt() {
      const wakes = jobs.queues().map((queue) => wakeAtOf(readQueueOverview(db, queue)))
      const next = Math.min(...wakes.map((at) => at ?? Infinity), Infinity)
      return next === Infinity ? null : next
    },
  }
}
