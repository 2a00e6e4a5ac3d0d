// oxlint-disable-next-line typescript/triple-slash-reference -- a module of the platform, which no import declares
/// <reference types="./cloudflare-workers.d.ts" />
import { DurableObject } from 'cloudflare:workers'
import type {
  CommitResult,
  ListOptions,
  StoreChange,
  StoreEntry,
  StorePage,
} from '../../ports/atomic-store/atomic-store.ts'
import { systemClock, type Clock } from '../../ports/platform/clock.ts'
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
import type { GroupRecord } from '../../ports/job-store/group-control.ts'
import type { QueueEventPage, QueueEventsOptions } from '../../ports/job-store/queue-event.ts'
import { systemReport, type Report } from '../../ports/platform/report.ts'
import { systemRandom } from '../../ports/platform/random-source.ts'
import type {
  ConsumeOptions,
  RateLimit,
  RateLimitDecision,
  RateLimitName,
} from '../../ports/rate-limit-store/rate-limit-store.ts'
import { createSqliteJobStore, type SqliteJobStore } from '../sqlite/job-store/job-store.ts'
import { createSqliteRateLimits, type SqliteRateLimits } from '../sqlite/rate-limit-store.ts'
import { createStorageDatabase } from '../sqlite/database/storage-database.ts'
import { createSqliteStore, type SqliteStore } from '../sqlite/atomic-store.ts'
import { fitExchange, fitPage } from './fit-answer.ts'
import type { ChildPage, InfrastructureMethods } from './infrastructure-methods.ts'
import type { DispatchLimits } from './job-dispatcher.ts'
import { createJobHost, type JobHost } from './job-host.ts'
import type { JobRunnerEntrypoint } from './job-runner.ts'
import { fromJsonText, toJsonText, type JsonText } from './json-text.ts'
import { createLazyTables } from './lazy-tables.ts'
import { createWakeAlarm, type WakeAlarm } from './wake-alarm.ts'

/** An object is one partition; the tables want a name for it. */
const PARTITION = '-'

/** More than one parent has, so that all come in one message unless they are large. */
const CHILDREN_A_PAGE = 1000

/** How long the rows of limits that nobody uses any more may stay. */
const SWEEP_MS = 600_000

/** Rows that one alarm looks at before it sets the next. */
const SWEPT_AT_ONCE = 5000

/**
 * The Durable Object behind `durableObjects()`: export it from the Worker and bind it with one line
 * and one SQLite migration.
 *
 * Each object is one partition of the store, one queue (or shard of one), or one shard of the rate
 * limits, by its name. It makes its tables with its first write: reading makes nothing. Its alarm
 * runs waiting jobs through the Worker's exported `JobRunner`, see `jobRunner()`.
 *
 * @example
 * export { InfrastructureObject } from '@white-cross/reuse/infrastructure/runtime/durable-objects'
 */
export class InfrastructureObject extends DurableObject implements InfrastructureMethods {
  /**
   * The name under which the Worker exports what {@link import('./job-runner.ts').jobRunner} made.
   */
  protected readonly jobRunnerName: string = 'JobRunner'
  /** How jobs are handed to the runner. */
  protected readonly dispatchLimits: DispatchLimits = {
    jobsPerCall: 20,
    jobsPerQuickCall: 100,
    calls: 4,
    lease: 10_000,
    timeLimit: 30_000,
  }
  /** The clock of everything this object keeps. Alarms wake by the platform's. */
  protected readonly clock: Clock = systemClock

  /** Hears that jobs wait which nothing runs, and once a minute why calls of the runner fail. */
  protected readonly report: Report = systemReport

  readonly #store: SqliteStore
  readonly #jobStore: SqliteJobStore
  readonly #rateLimits: SqliteRateLimits
  readonly #alarm: WakeAlarm
  readonly #jobs: JobHost

  constructor(...args: ConstructorParameters<typeof DurableObject>) {
    super(...args)
    const { storage } = this.ctx
    // Read at each call: a subclass has its own clock only after this constructor.
    const clock: Clock = {
      now: () => this.clock.now(),
      setTimer: (wake, delayMs) => this.clock.setTimer(wake, delayMs),
    }
    Object.defineProperty(clock, 'elapsed', { get: () => this.clock.elapsed?.bind(this.clock) })
    const db = createLazyTables(createStorageDatabase(storage))
    this.#alarm = createWakeAlarm(storage, systemClock)
    this.#store = createSqliteStore(db, clock)
    this.#jobStore = createSqliteJobStore(db, clock, systemRandom)
    this.#rateLimits = createSqliteRateLimits(db, clock, () => this.#alarm.wakeWithin(SWEEP_MS))
    this.#jobs = createJobHost({
      jobStore: this.#jobStore,
      alarm: this.#alarm,
      clock,
      limits: () => this.dispatchLimits,
      runner: () => this.#runner(),
      report: (message, cause) => this.report(message, cause),
    })
  }

  getEntry(key: string): JsonText<StoreEntry | null> {
    return toJsonText(this.#store.get(PARTITION, key))
  }

  getEntries(keys: JsonText<readonly string[]>): JsonText<readonly (StoreEntry | null)[]> {
    return toJsonText(this.#store.getMany(PARTITION, fromJsonText(keys)))
  }

  listEntries(options: JsonText<ListOptions>): JsonText<StorePage> {
    return fitPage(fromJsonText(options), (given) => this.#store.list(PARTITION, given))
  }

  commitEntries(change: JsonText<StoreChange>): JsonText<CommitResult> {
    return toJsonText(this.#store.commit(PARTITION, fromJsonText(change)))
  }

  addJobs(queue: string, jobs: JsonText<readonly NewJob[]>): JsonText<AddResult> {
    return toJsonText(this.#jobs.add(queue, fromJsonText(jobs)))
  }

  exchangeJobs(queue: string, exchange: JsonText<Exchange>): JsonText<ExchangeResult> {
    const answer = fitExchange(fromJsonText(exchange), (given) => this.#jobs.exchange(queue, given))
    this.#jobs.wake(queue)
    return answer
  }

  getJob(queue: string, id: string): JsonText<JobRecord | null> {
    return toJsonText(this.#jobStore.get(queue, id))
  }

  listJobs(queue: string, options: JsonText<ListJobsOptions>): JsonText<JobPage> {
    return fitPage(fromJsonText(options), (given) => this.#jobStore.list(queue, given))
  }

  findJobs(queue: string, options: JsonText<ListJobsOptions>): JsonText<JobIdPage> {
    return toJsonText(this.#jobStore.find(queue, fromJsonText(options)))
  }

  listChildren(queue: string, id: string, after: JsonText<string>): JsonText<ChildPage> {
    const from = fromJsonText(after)
    return fitPage({ limit: CHILDREN_A_PAGE }, ({ limit }) => {
      const children = this.#jobStore.childPage(queue, id, from, limit)
      return { children, next: children.length < limit ? null : (children.at(-1)?.id ?? null) }
    })
  }

  oldestReady(queue: string): JsonText<number | null> {
    return toJsonText(this.#jobStore.oldestReady(queue))
  }

  countJobs(queue: string): JsonText<QueueCounts> {
    return toJsonText(this.#jobStore.counts(queue))
  }

  commandJobs(queue: string, command: JsonText<JobCommand>): JsonText<number> {
    return toJsonText(this.#jobs.command(queue, fromJsonText(command)))
  }

  getGroup(queue: string, key: JsonText<string>): JsonText<GroupRecord> {
    return toJsonText(this.#jobStore.group(queue, fromJsonText(key)))
  }

  listEvents(queue: string, options: JsonText<QueueEventsOptions>): JsonText<QueueEventPage> {
    return toJsonText(this.#jobStore.events(queue, fromJsonText(options)))
  }

  consumeRateLimits(
    subject: string,
    limits: JsonText<readonly RateLimit[]>,
    options: JsonText<ConsumeOptions>,
  ): JsonText<readonly RateLimitDecision[]> {
    return toJsonText(
      this.#rateLimits.consume(subject, fromJsonText(limits), fromJsonText(options)),
    )
  }

  settleRateLimits(
    subject: string,
    limits: JsonText<readonly RateLimit[]>,
    operation: string,
  ): JsonText<readonly RateLimitDecision[] | null> {
    return toJsonText(this.#rateLimits.settle(subject, fromJsonText(limits), operation))
  }

  resetRateLimits(subject: string, limits: JsonText<readonly RateLimitName[]>): JsonText<null> {
    this.#rateLimits.reset(subject, fromJsonText(limits))
    return toJsonText(null)
  }

  /**
   * Runs what is due. Errors of the storage pass through, so that the platform wakes again: among
   * them are those by which it stops an object whose code was replaced.
   */
  async alarm(): Promise<void> {
    this.#alarm.fired()
    const wakes = [await this.#jobs.runDueJobs(), this.#sweepRateLimits()]
    const soonest = wakes.filter((inMs) => inMs !== null)
    this.#alarm.wakeExactly(soonest.length === 0 ? null : Math.min(...soonest))
  }

  /** @returns Until when to sweep again, `null` when no limit is in use */
  #sweepRateLimits(): number | null {
    const restMs = this.#rateLimits.sweepIdle(SWEPT_AT_ONCE)
    return restMs === null || restMs === 0 ? restMs : Math.max(restMs, SWEEP_MS)
  }

  #runner(): Pick<JobRunnerEntrypoint, 'run'> | undefined {
    // Exports are proxies that show nothing of their class: that this one is a jobRunner() is what
    // its name promises.
    const exports = this.ctx.exports as
      | Readonly<Record<string, Pick<JobRunnerEntrypoint, 'run'>>>
      | undefined
    return exports?.[this.jobRunnerName]
  }
}
