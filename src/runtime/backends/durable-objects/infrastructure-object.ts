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
  ClaimedJob,
  Exchange,
  ExchangeResult,
  JobCommand,
  JobPage,
  JobRecord,
  ListJobsOptions,
  NewJob,
  QueueCounts,
  Settlement,
} from '../../ports/job-store/job-store.ts'
import { systemRandom } from '../../ports/platform/random-source.ts'
import type {
  ConsumeOptions,
  RateLimit,
  RateLimitDecision,
  RateLimitName,
} from '../../ports/rate-limit-store/rate-limit-store.ts'
import { createSqliteJobStore, type SqliteJobStore } from '../sqlite/job-store/job-store.ts'
import { createSqliteRateLimits, type SqliteRateLimits } from '../sqlite/rate-limit-store.ts'
import type { SqlDatabase } from '../sqlite/database/sql-database.ts'
import { createStorageDatabase } from '../sqlite/database/storage-database.ts'
import { createSqliteStore, type SqliteStore } from '../sqlite/atomic-store.ts'
import { fitExchange, fitPage } from './fit-answer.ts'
import type { ChildPage, InfrastructureMethods } from './infrastructure-methods.ts'
import {
  checkDispatchLimits,
  createJobDispatcher,
  type DispatchLimits,
  type JobDispatcher,
} from './job-dispatcher.ts'
import type { ExchangeWithObject, JobRunnerEntrypoint } from './job-runner.ts'
import { fromJsonText, toJsonText, type JsonText } from './json-text.ts'
import { createLazyTables } from './lazy-tables.ts'
import { createWakeAlarm, type WakeAlarm } from './wake-alarm.ts'

/** An object is one partition; the tables want a name for it. */
const PARTITION = '-'

/** More than one parent has, so that all come in one message unless they are large. */
const CHILDREN_A_PAGE = 1000

/** Where jobs wait and the Worker exports nothing to run them, the alarm looks again this often: perhaps the next deployment does. */
const NO_RUNNER_MS = 60_000

/** How long the rows of limits that nobody uses any more may stay. */
const SWEEP_MS = 600_000

/** Rows that one alarm looks at before it sets the next. */
const SWEPT_AT_ONCE = 5000

/**
 * The Durable Object behind `durableObjects()`: export it from the Worker and bind it with one line and one SQLite migration.
 *
 * Each object is one partition of the store, one queue (or shard of one), or one shard of the rate
 * limits, by its name. It makes its tables with its first write: reading makes nothing. Its alarm
 * runs waiting jobs through the Worker's exported `JobRunner`, see `jobRunner()`.
 */
export class InfrastructureObject extends DurableObject implements InfrastructureMethods {
  /** The name under which the Worker exports what {@link import('./job-runner.ts').jobRunner} made. */
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

  readonly #db: SqlDatabase
  readonly #store: SqliteStore
  readonly #jobStore: SqliteJobStore
  readonly #rateLimits: SqliteRateLimits
  readonly #alarm: WakeAlarm
  readonly #dispatchers = new Map<string, JobDispatcher>()

  constructor(...args: ConstructorParameters<typeof DurableObject>) {
    super(...args)
    const { storage } = this.ctx
    // Read at each call: a subclass has its own clock only after this constructor.
    const clock: Clock = {
      now: () => this.clock.now(),
      setTimer: (wake, delayMs) => this.clock.setTimer(wake, delayMs),
    }
    this.#db = createLazyTables(createStorageDatabase(storage))
    this.#store = createSqliteStore(this.#db, clock)
    this.#jobStore = createSqliteJobStore(this.#db, clock, systemRandom)
    const alarm = createWakeAlarm(storage, systemClock)
    this.#rateLimits = createSqliteRateLimits(this.#db, clock, () => alarm.wakeWithin(SWEEP_MS))
    this.#alarm = alarm
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
    const result = this.#jobStore.add(queue, fromJsonText(jobs))
    this.#wakeWithin(result.wakeInMs)
    this.#wakeDispatcher(queue)
    return toJsonText(result)
  }

  exchangeJobs(queue: string, exchange: JsonText<Exchange>): JsonText<ExchangeResult> {
    const answer = fitExchange(fromJsonText(exchange), (given) => this.#exchange(queue, given))
    this.#wakeDispatcher(queue)
    return answer
  }

  getJob(queue: string, id: string): JsonText<JobRecord | null> {
    return toJsonText(this.#jobStore.get(queue, id))
  }

  listJobs(queue: string, options: JsonText<ListJobsOptions>): JsonText<JobPage> {
    return fitPage(fromJsonText(options), (given) => this.#jobStore.list(queue, given))
  }

  listChildren(queue: string, id: string, after: JsonText<string>): JsonText<ChildPage> {
    const from = fromJsonText(after)
    return fitPage({ limit: CHILDREN_A_PAGE }, ({ limit }) => {
      const children = this.#jobStore.childPage(queue, id, from, limit)
      return { children, next: children.length < limit ? null : (children.at(-1)?.id ?? null) }
    })
  }

  countJobs(queue: string): JsonText<QueueCounts> {
    return toJsonText(this.#jobStore.counts(queue))
  }

  commandJobs(queue: string, command: JsonText<JobCommand>): JsonText<number> {
    const changed = this.#jobStore.command(queue, fromJsonText(command))
    this.#wakeWithin(this.#nextWakeInMs())
    this.#wakeDispatcher(queue)
    return toJsonText(changed)
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
   * Runs what is due. Errors of the storage pass through, so that the platform wakes again: among them are those by which
   * it stops an object whose code was replaced.
   */
  async alarm(): Promise<void> {
    this.#alarm.fired()
    // First of all a watchdog, in case this run ends in a way that nothing here can see. Before the leases end, so that
    // outcomes which could not be written are written then, rather than their jobs run again.
    this.#wakeWithin(checkDispatchLimits(this.dispatchLimits).leaseMs / 2)
    const hasRunner = this.#runner() !== undefined
    await Promise.all(
      this.#waitingQueues().map(async (queue) => {
        if (hasRunner) await this.#dispatcher(queue).work()
        else this.#jobStore.exchange(queue, {})
      }),
    )
    const again = [...this.#dispatchers.values()].some(({ isBusy }) => isBusy)
    const wakes = [again ? 0 : this.#notTooSoon(this.#nextWakeInMs()), this.#sweepRateLimits()]
    const soonest = wakes.filter((inMs) => inMs !== null)
    this.#alarm.wakeExactly(soonest.length === 0 ? null : Math.min(...soonest))
  }

  /** @returns Until when to sweep again, `null` when no limit is in use */
  #sweepRateLimits(): number | null {
    const restMs = this.#rateLimits.sweepIdle(SWEPT_AT_ONCE)
    return restMs === null || restMs === 0 ? restMs : Math.max(restMs, SWEEP_MS)
  }

  /** One step of the job store and, in the same breath, of the alarm. */
  #exchange(queue: string, exchange: Exchange): ExchangeResult {
    const result = this.#jobStore.exchange(queue, exchange)
    this.#wakeWithin(result.wakeInMs)
    return result
  }

  #wakeWithin(inMs: number | null): void {
    const soon = this.#notTooSoon(inMs)
    if (soon !== null) this.#alarm.wakeWithin(soon)
  }

  /** An alarm that wakes while its handler works waits until that has ended; so the handler is told itself. */
  #wakeDispatcher(queue: string): void {
    this.#dispatchers.get(queue)?.wake()
  }

  #nextWakeInMs(): number | null {
    const at = this.#jobStore.nextWakeAt()
    return at === null ? null : Math.max(at - this.clock.now(), 0)
  }

  #notTooSoon(inMs: number | null): number | null {
    if (inMs === null) return null
    if (this.#runner() === undefined) return Math.max(inMs, NO_RUNNER_MS)
    return Math.max(inMs, ...[...this.#dispatchers.values()].map(({ restMs }) => restMs))
  }

  #dispatcher(queue: string): JobDispatcher {
    const known = this.#dispatchers.get(queue)
    if (known !== undefined) return known
    const dispatcher = createJobDispatcher({
      clock: this.clock,
      limits: checkDispatchLimits(this.dispatchLimits),
      exchange: (exchange) => this.#exchange(queue, exchange),
      run: (jobs) => this.#run(queue, jobs),
    })
    this.#dispatchers.set(queue, dispatcher)
    return dispatcher
  }

  async #run(queue: string, jobs: readonly ClaimedJob[]): Promise<readonly Settlement[]> {
    const runner = this.#runner()
    if (runner === undefined) throw new Error('Cannot run jobs: the Worker exports no job runner')
    const exchange: ExchangeWithObject = async (text) => {
      const result = this.#exchange(queue, fromJsonText(text))
      this.#wakeDispatcher(queue)
      return toJsonText(result)
    }
    const { leaseMs } = checkDispatchLimits(this.dispatchLimits)
    return fromJsonText(await runner.run(queue, toJsonText(jobs), leaseMs, exchange))
  }

  #runner(): Pick<JobRunnerEntrypoint, 'run'> | undefined {
    // Exports are proxies that show nothing of their class: that this one is a jobRunner() is what its name promises.
    const exports = this.ctx.exports as
      | Readonly<Record<string, Pick<JobRunnerEntrypoint, 'run'>>>
      | undefined
    return exports?.[this.jobRunnerName]
  }

  /** The queues that hold jobs: one, unless something other than `durableObjects()` has named this object. */
  #waitingQueues(): string[] {
    const queues: string[] = []
    for (let last = ''; ;) {
      const [row] = this.#db.run('SELECT min(queue) AS queue FROM reuse_jobs WHERE queue > ?', [
        last,
      ])
      if (typeof row?.['queue'] !== 'string') return queues
      queues.push((last = row['queue']))
    }
  }
}
