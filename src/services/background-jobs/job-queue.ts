import {
  checkBooleans,
  checkFunctions,
  checkOptions,
  checkParts,
  checkPlain,
  checkSignal,
} from '../../primitives/check-options.ts'
import { settledOrAborted } from '../../primitives/settled-or-aborted.ts'
import { callQuietly } from '../../primitives/call-quietly.ts'
import { encodeHex } from '../../primitives/hex.ts'
import { readThrown } from '../../primitives/read-thrown.ts'
import type { JobWorker } from '../../runtime/workers/job-worker.ts'
import { sweepQueues } from '../../runtime/workers/sweep-queues.ts'
import { tryWake } from '../../runtime/workers/try-wake.ts'
import { systemClock, type Clock } from '../../runtime/ports/platform/clock.ts'
import type {
  ClaimedJob,
  JobPage,
  JobRecord,
  NewJob,
  QueueCounts,
  QueueStore,
} from '../../runtime/ports/job-store/job-store.ts'
import type { JobOutcome } from '../../runtime/ports/job-store/job-outcome.ts'
import type { JobProcessor } from '../../runtime/ports/job-store/job-processor.ts'
import { JOB_STATES, type JobState } from '../../runtime/ports/job-store/job-state.ts'
import type { MetricReading } from '../../runtime/ports/service.ts'
import type { TraceHeaders } from '../../runtime/ports/trace-carrier.ts'
import type { AsJson, Json } from '../../runtime/ports/json.ts'
import { systemRandom, type RandomSource } from '../../runtime/ports/platform/random-source.ts'
import { systemReport } from '../../runtime/ports/platform/report.ts'
import {
  createSparseReport,
  type SparseReport,
} from '../../runtime/ports/platform/sparse-report.ts'
import { checkDefinition } from './define-job.ts'
import type { BulkOptions, BulkResult, JobAction, JobCount, JobCountQuery } from './bulk-jobs.ts'
import type { JobChanges } from './change-job.ts'
import { checkRateLimit } from './job-gates.ts'
import { waitUntilFinished, type FinishedOptions } from './finished.ts'
import { createJobEvents, type JobEventListener, type JobEvents } from './job-events.ts'
import { QueuedChild, type FlowLayout, type JobFlow } from './job-flow.ts'
import { endWatchOf, type EndWatch } from './end-watch.ts'
import { QUEUE_OPTIONS, type JobQueueOptions, type RunOptions } from './job-queue-options.ts'
import { controlJobGroup, type JobGroup } from './job-group.ts'
import { createJobKinds, type JobKinds } from './job-kinds.ts'
import { checkJobId, checkJobState } from './check-job-id.ts'
import { createJobLog, type JobLog } from './job-log.ts'
import { checkSharedOptions, refuseTrace, type JobOptions } from './job-options.ts'
import { makeNewJob, unknownJob } from './new-job.ts'
import type { Attempt } from './run-attempt.ts'
import type {
  AddedJob,
  JobDefinitions,
  JobInput,
  JobResult,
  JobToAdd,
  SchemalessName,
} from './job-to-add.ts'
import { readJobQuery, type JobPageQuery, type JobQuery } from './job-query.ts'
import { createJobMetrics, readJobMetrics } from './job-metrics.ts'
import { createJobStatistics, type JobStatistics } from './job-statistics.ts'
import { createLazySchedules } from './lazy-schedules.ts'
import {
  readQueueEvents,
  recordEvents,
  type FleetEvent,
  type QueueEventStreamOptions,
  type RecordEventsOptions,
} from './queue-events.ts'
import { createQueueWork, type QueueWork, type WorkingParts } from './queue-work.ts'
import type { RedriveOptions } from './redrive.ts'
import type { JobSchedule, SchedulePolicies, Schedules } from './schedules.ts'
import { schedulesQueueOf } from './schedules-queue.ts'
import type { ScheduleOptions } from './scheduling/schedule.ts'

const CREATE = 'create job queue'
const WORK = 'work job queue'
const RUN_OPTIONS = ['concurrency', 'lease', 'maxWait', 'grace', 'onSettled', 'onError'] as const
/** Each waits for the store four times; so many share one wait of a disk. */
const TICKS_AT_ONCE = 256

// A queue that takes certain kinds is no queue that takes all, and yet a `JobQueue`.
// oxlint-disable-next-line typescript/no-explicit-any
type AnyKinds = any

/**
 * A queue of typed jobs on any backend.
 *
 * @example
 * const emails = new JobQueue({
 *   name: 'emails',
 *   backend: memory(),
 *   jobs: { welcome: defineJob({ run: async ({ data }) => send(data) }) },
 * })
 * await emails.add('welcome', { to: 'ada@example.com' }, { attempts: 5 })
 * await emails.run({ signal: stop.signal })
 */
export class JobQueue<Jobs extends JobDefinitions = AnyKinds> {
  readonly name: string
  /** Runs the queue's jobs. */
  readonly processor: JobProcessor
  /** Run the queue's jobs and its schedules: what `jobRunner()` and other platform workers take. */
  readonly processors: readonly JobProcessor[]
  /** Schedules of the queue: list, pause, resume, remove. Made by `scheduleJob()`. */
  readonly schedules: Omit<Schedules, 'upsert' | 'processor'>
  readonly #options: JobQueueOptions<Jobs>
  readonly #kinds: JobKinds
  readonly #jobStore: QueueStore
  readonly #ends: EndWatch
  readonly #log: JobLog
  readonly #clock: Clock
  readonly #random: RandomSource
  readonly #events: JobEvents
  readonly #reporter: SparseReport
  /** What was thrown, for as long as an outcome is on its way. */
  readonly #thrown = new WeakMap<JobOutcome, unknown>()
  /** How many workers have an `onSettled`. */
  #ears = 0
  readonly #statistics = createJobStatistics()
  readonly #schedules: Schedules
  readonly #work: QueueWork

  /**
   * @throws RangeError when the name is malformed, or a limit of a definition is out of range
   * @throws TypeError when an option is missing, or has another name
   */
  constructor(options: JobQueueOptions<Jobs>) {
    checkOptions(CREATE, options, ['name', 'backend', 'jobs'], QUEUE_OPTIONS)
    checkParts(CREATE, 'backend', options.backend, ['jobStore', 'store', 'rateLimits', 'waker'])
    const { name, backend, jobs, clock = systemClock, random = systemRandom } = options
    if (typeof jobs !== 'object' || jobs === null || Symbol.iterator in jobs)
      throw new TypeError(
        `Cannot ${CREATE}: jobs is no object, definitions by their names expected`,
      )
    checkParts(CREATE, 'clock', clock, ['now', 'setTimer'])
    checkParts(CREATE, 'random', random, ['fraction', 'bytes'])
    checkFunctions(CREATE, { report: options.report })
    checkBooleans(CREATE, { recordStacks: options.recordStacks })
    for (const [kind, definition] of Object.entries(jobs)) checkDefinition(kind, definition)
    checkSharedOptions(CREATE, options.options)
    if (options.rateLimit !== undefined) checkRateLimit(CREATE, options.rateLimit)
    const { metrics, tracing } = options
    if (metrics !== undefined) checkParts(CREATE, 'metrics', metrics, ['counter', 'histogram'])
    if (tracing !== undefined) checkParts(CREATE, 'tracing', tracing, ['carry', 'carryOn'])
    const count =
      metrics &&
      createJobMetrics(metrics, name, (fault) => this.#onFault('Counting jobs failed', fault))
    this.name = name
    this.#options = { ...options, jobs: { ...jobs } }
    this.#kinds = createJobKinds(jobs, clock)
    this.#clock = clock
    this.#random = random
    this.#reporter = createSparseReport(options.report ?? systemReport, clock)
    this.#events = createJobEvents(
      (event) => {
        this.#statistics.record(event)
        count?.(event)
      },
      (fault) => this.#onFault('A listener of job events failed', fault),
    )
    this.#jobStore = backend.jobStore.queue(name)
    this.#ends = endWatchOf(backend, name, this.#jobStore)
    this.#log = createJobLog(backend.store.partition(`jobs:${name}:log`))
    this.#work = createQueueWork({
      queue: name,
      backend,
      jobStore: this.#jobStore,
      rateLimits: backend.rateLimits,
      rateLimit: options.rateLimit,
      definitionOf: (kind) => this.#kinds.find(kind),
      limits: {
        jobs: this.#options.jobs,
        partition: backend.store.partition(`jobs:${name}:limits`),
      },
      onReady: () => void this.#wake(name, 0),
      // A handler knows no more of its queue than that it takes jobs, which are checked here.
      layout: () => this.#layout() as unknown as FlowLayout<JobDefinitions>,
      wake: (queue, inMs) => this.#wake(queue, inMs),
      timeout: options.options?.timeout,
      log: this.#log,
      events: this.#events,
      clock,
      random,
      recordsStacks: options.recordStacks ?? false,
      tracing,
      report: options.report,
      onFailure: (job, attempt) => this.#noteFailure(job, attempt),
      onFault: (message, fault) => this.#onFault(message, fault),
    })
    this.processor = this.#work.processor
    const schedulesQueue = schedulesQueueOf(name)
    this.#schedules = createLazySchedules({
      jobs: this.#jobStore,
      partition: backend.store.partition(`jobs:${name}:schedules`),
      jobStore: backend.jobStore.queue(schedulesQueue),
      queue: schedulesQueue,
      clock,
      random,
      wakeJobs: (inMs) => this.#wake(name, inMs),
      wakeSchedules: (inMs) => this.#wake(schedulesQueue, inMs),
    })
    this.schedules = this.#schedules
    this.processors = [this.processor, this.#schedules.processor]
  }

  /**
   * Adds a job; it is durable when this resolves.
   *
   * @throws JobError `unknown_job` or `invalid_data` when the queue does not take such a job
   * @throws RangeError when an option is out of range
   */
  add<Name extends keyof Jobs & string>(
    name: Name,
    data: JobInput<Jobs[Name]>,
    options?: JobOptions,
  ): Promise<AddedJob<JobResult<Jobs[Name]>>>
  add<Name extends SchemalessName<Jobs>, Data>(
    name: Name,
    data: Data & AsJson<Data>,
    options?: JobOptions,
  ): Promise<AddedJob<JobResult<Jobs[Name]>>>
  async add<Name extends keyof Jobs & string>(
    name: Name,
    data: JobInput<Jobs[Name]>,
    options: JobOptions = {},
  ): Promise<AddedJob<JobResult<Jobs[Name]>>> {
    const [added] = await this.addBulk([{ name, data, options }])
    // One job was given, so one was answered.
    return added as AddedJob<JobResult<Jobs[Name]>>
  }

  /** Adds up to 1,000 jobs in one durable write, all or none. Errors as {@link add}. */
  async addBulk(jobs: readonly JobToAdd<Jobs>[]): Promise<readonly AddedJob[]> {
    const given: unknown = jobs
    if (!Array.isArray(given))
      throw new TypeError('Cannot add jobs: they are no list, one expected')
    const trace = this.#options.tracing?.carry()
    return this.#add(await Promise.all(jobs.map((job) => this.#newJob(job, trace))))
  }

  /**
   * Adds a tree of jobs, each of which runs once its children have finished, in one durable write.
   * Its handler gets what they came to from `context.children()`. A chain is a tree with one child
   * at each level; a batch with a callback is a job with the batch as its children.
   *
   * @returns What became of each job, parents before their children
   */
  async addFlow(flow: JobFlow<Jobs>): Promise<readonly AddedJob[]> {
    return this.#add(await this.#layOutFlow(flow, this.#layout()))
  }

  /**
   * Makes a child of a job in another queue of the same backend: give it to that queue's
   * `addFlow()`, or to `context.waitForChildren()`. It is added here once a worker of that queue
   * runs, and runs under the definition that it has here.
   *
   * @example
   * await orders.addFlow({ name: 'ship', data, children: [images.child({ name: 'label', data })] })
   */
  child(flow: JobFlow<Jobs>): QueuedChild {
    const layout = this.#layout()
    return new QueuedChild(layout, flow, (parent) => this.#layOutFlow(flow, layout, parent))
  }

  /**
   * Works the queue in this process until `signal` aborts; then finishes what runs or gives it
   * back.
   *
   * For servers. On Workers the platform starts the work: export `jobRunner(queue)`.
   */
  async run(options: RunOptions & { readonly signal: AbortSignal }): Promise<void> {
    checkOptions(WORK, options, ['signal'], RUN_OPTIONS)
    checkSignal(WORK, options.signal)
    const { signal, ...settings } = options
    const { onError = (error) => this.#reportTrouble(error) } = options
    const parts = await this.#work.load()
    const workers = this.#workers(parts, { ...settings, onError })
    const wake = (): void => void this.#wake(this.name, 0)
    const tell = (error: unknown): void => callQuietly(() => onError(error))
    await settledOrAborted(Promise.resolve(parts.limits.tell(wake, tell)), signal)
    const stopLooking = parts.limits.keepLooking(wake)
    const calm = this.#kinds.hurryOn(signal)
    try {
      await this.#heardBy(options, () =>
        Promise.all(workers.map((worker) => worker.run({ signal }))),
      )
    } finally {
      stopLooking()
      calm()
    }
  }

  /**
   * Works the queue until nothing is left to run right now; delayed jobs stay. For tests and
   * scripts.
   *
   * @returns How many attempts were made, ticks of schedules not counted
   */
  async drain(options: RunOptions = {}): Promise<number> {
    checkOptions(WORK, options, [], RUN_OPTIONS)
    const parts = await this.#work.load()
    const [jobs, schedules] = this.#workers(parts, options)
    await parts.limits.look()
    const calm = this.#kinds.hurryOn(AbortSignal.abort())
    return this.#heardBy(options, async () => {
      for (let attempts = 0; ;) {
        const ticks = (await schedules?.drain()) ?? 0
        const round = (await jobs?.drain()) ?? 0
        attempts += round
        if (ticks + round === 0) return attempts
      }
    }).finally(calm)
  }

  /** Adds a job again and again; `scheduleJob()` says more. */
  schedule<Name extends keyof Jobs & string>(
    id: string,
    timing: ScheduleOptions & SchedulePolicies,
    job: JobToAdd<Jobs, Name>,
  ): Promise<JobSchedule>
  schedule<Name extends SchemalessName<Jobs>, Data>(
    id: string,
    timing: ScheduleOptions & SchedulePolicies,
    job: JobToAdd<Jobs, Name, Data & AsJson<Data>>,
  ): Promise<JobSchedule>
  async schedule<Name extends keyof Jobs & string>(
    id: string,
    timing: ScheduleOptions & SchedulePolicies,
    job: JobToAdd<Jobs, Name>,
  ): Promise<JobSchedule> {
    return this.#schedules.upsert(id, timing, await this.#newJob(job))
  }

  /** The names of the kinds of job that the queue takes. */
  get kinds(): readonly string[] {
    return this.#kinds.names
  }

  /** @returns The job's record, or `null` when the queue holds none of that id */
  async get(id: string): Promise<JobRecord | null> {
    return this.#jobStore.get(checkJobId('read job', id))
  }

  /**
   * Waits until a job has ended, in whichever process, and answers what its handler returned.
   *
   * @throws JobError `not_completed` when it is dead or cancelled, `unknown_outcome` when its
   *   record is gone
   */
  async finished(id: string, options: FinishedOptions = {}): Promise<Json> {
    checkOptions('wait for job', options, [], ['signal'])
    checkJobId('wait for job', id)
    checkSignal('wait for job', options.signal)
    return waitUntilFinished(this.#jobStore, this.#clock, id, options, this.#ends)
  }

  /** @returns The last lines that the job's handler logged */
  async logs(id: string): Promise<readonly string[]> {
    return this.#log.read(checkJobId('read log lines', id))
  }

  /**
   * One page of the jobs that fit: those of one state in its order, those of a tag latest added
   * first, others one state after the other. A page looks at 1,000 jobs at most, so that it may be
   * short, or empty, and yet not the last. With a tag each job is met once, however their states
   * change between two pages.
   *
   * @throws RangeError when a part is out of range; TypeError when there is one of another name
   *
   * @example
   * const { jobs, cursor } = await queue.list({ tag: 'customer:7', state: 'dead' })
   */
  async list(query: JobPageQuery = {}): Promise<JobPage> {
    return this.#jobStore.list(readJobQuery('list jobs', query, ['limit', 'cursor']))
  }

  /**
   * How many jobs fit, or at least how many: it looks at 20,000 jobs at most. With `action` only
   * those that {@link bulk} would act on. Errors as {@link list}.
   */
  async count(query: JobCountQuery = {}): Promise<JobCount> {
    const { countJobs } = await import('./bulk-jobs.ts')
    return countJobs(this.#jobStore, query)
  }

  /**
   * Retries, cancels, promotes or removes all the jobs that fit, up to `limit` in one call, which
   * looks at 20,000 jobs at most; its cursor goes on. Where the query names no state, `retry` takes
   * dead jobs alone. `redrive()` retries at a bounded rate. Errors as {@link list}.
   *
   * @example
   * const { count } = await queue.count({ tag: 'customer:7', action: 'cancel' })
   * await queue.bulk('cancel', { tag: 'customer:7' })
   */
  async bulk(action: JobAction, query: JobQuery, options: BulkOptions = {}): Promise<BulkResult> {
    const { bulkJobs } = await import('./bulk-jobs.ts')
    const act = (ids: readonly string[]) => this.#command(action, ids)
    return bulkJobs(this.#jobStore, act, action, query, options)
  }

  /** How many jobs are in each state, and whether the queue is paused. */
  counts(): Promise<QueueCounts> {
    return this.#jobStore.counts()
  }

  /**
   * When the ready job was added that has stood in line longest, whatever its priority: ms since
   * 1970 on the job store's clock; `null` when none waits. A job that its group held stands in line
   * since the group let it in. Takes as long with a million jobs as with ten.
   */
  oldestAddedAt(): Promise<number | null> {
    return this.#jobStore.oldestReady()
  }

  /**
   * Looks after every wake of the queue, whatever wakes were lost: lost leases are taken back, and
   * whoever works the queue is woken where there is something to do. For a Cron Trigger:
   * `scheduled: () => queue.sweep()`.
   */
  async sweep(): Promise<void> {
    const { limits } = await this.#work.load()
    await limits.look()
    return sweepQueues(this.processors, this.#options.backend)
  }

  /** Stops handing out jobs; running ones go on. */
  async pause(): Promise<void> {
    await this.#jobStore.command({ type: 'pause' })
  }

  /** Hands out jobs again. */
  async resume(): Promise<void> {
    await this.#jobStore.command({ type: 'resume' })
    await this.#wake(this.name, 0)
  }

  /**
   * Changes the data, the delay or the priority of a job that waits, in one step: also of one that
   * waits between attempts, for room in its group or for its children, or is parked (these two have
   * no delay).
   *
   * @returns Whether it was changed: not when it runs, has ended or is not there
   * @throws JobError `unknown_job` or `invalid_data` when the queue does not take such data
   * @throws RangeError when an option is out of range, or the data is of another concurrency key
   * @throws TypeError when nothing is to be changed
   *
   * @example
   * await queue.change(id, { data: { to: 'ada@example.org' }, priority: 'high' })
   * await queue.change(id, { delay: '10m' })
   */
  async change(id: string, changes: JobChanges): Promise<boolean> {
    const parts = { queue: this.name, kinds: this.#kinds, jobStore: this.#jobStore }
    const { changeJob } = await this.#work.load()
    const isChanged = await changeJob(id, changes, parts)
    if (isChanged) await this.#wake(this.name, 0)
    return isChanged
  }

  /**
   * The jobs of one kind and one key, to be paused, resumed and limited while they are worked.
   *
   * @param key What `concurrency.key` answers. Default: the one key of a kind without any
   * @throws JobError `unknown_job`, TypeError when jobs of that kind are in no group
   */
  group(name: keyof Jobs & string, key = ''): JobGroup {
    const definition = this.#kinds.find(name)
    if (definition === undefined) throw unknownJob(name, this.name, this.#kinds.names)
    return controlJobGroup(this.#jobStore, () => this.#wake(this.name, 0), definition, name, key)
  }

  /**
   * Makes a delayed or parked job ready now, with the attempts it has left.
   *
   * @returns Whether it was one
   */
  async promote(id: string): Promise<boolean> {
    return this.#one('promote', id)
  }

  /**
   * Gives a dead, cancelled, parked or completed job all its attempts again. The parent of a flow
   * takes the children with it that failed it, and runs once they have ended.
   *
   * @returns Whether it was one
   */
  async retry(id: string): Promise<boolean> {
    return this.#one('retry', id)
  }

  /** Cancels a waiting job, or asks a running one to stop. @returns Whether it was either */
  async cancel(id: string): Promise<boolean> {
    return this.#one('cancel', id)
  }

  /** Removes a job that is not running. @returns Whether there was one */
  async remove(id: string): Promise<boolean> {
    return this.#one('remove', id)
  }

  /**
   * Gives dead (or other finished) jobs all their attempts again, at a bounded rate; of a flow the
   * children run first.
   *
   * @returns How many, the children included that a parent took with it
   */
  async redrive(options: RedriveOptions = {}): Promise<number> {
    const { redriveJobs } = await this.#work.load()
    const retry = (ids: readonly string[]) => this.#command('retry', ids)
    return redriveJobs(this.#jobStore, retry, this.#clock, options)
  }

  /**
   * Removes up to `limit` (1 to 1,000) jobs of a state that are not running, oldest first.
   *
   * @returns How many
   */
  async purge(state: Exclude<JobState, 'active'>, limit = 1000): Promise<number> {
    const inactive = JOB_STATES.filter((one) => one !== 'active')
    checkJobState('purge jobs', state, inactive)
    return this.#jobStore.command({ type: 'purge', state, limit })
  }

  /** Hears what happens to jobs in this process. @returns Stops listening */
  on(listener: JobEventListener): () => void {
    if (typeof listener !== 'function')
      throw new TypeError('Cannot hear of jobs: the listener is no function, one expected')
    return this.#events.listen(listener)
  }

  /** How many jobs are in which state. */
  async readMetrics(): Promise<readonly MetricReading[]> {
    return readJobMetrics(this.name, await this.counts())
  }

  /**
   * Records from now on what happens in the queue, in every process: one more write an event.
   * Said again it changes nothing. @throws RangeError when `keep` is out of range
   */
  recordEvents(options: RecordEventsOptions = {}): Promise<void> {
    return recordEvents(this.#jobStore, options)
  }

  /**
   * What happens in the queue, in whichever process, as it was written, until `signal` aborts.
   *
   * @throws JobError `events_not_recorded` when iterated, where the queue records none
   * @throws RangeError when `since` is malformed
   *
   * @example
   * for await (const { type, id, cursor } of queue.events({ since: 'oldest' }))
   *   console.log(type, id, cursor)
   */
  events(options: QueueEventStreamOptions = {}): AsyncGenerator<FleetEvent, void, undefined> {
    return readQueueEvents(this.#jobStore, this.#clock, options)
  }

  /** How this process's attempts went: counts, and percentiles of waiting and running. */
  statistics(): JobStatistics {
    return this.#statistics.read()
  }

  async #add(jobs: readonly NewJob[]): Promise<readonly AddedJob[]> {
    const result = await this.#jobStore.add(jobs)
    result.jobs.forEach(({ id, added }, index) => {
      if (added) this.#events.emit({ type: 'added', id, name: jobs[index]?.name ?? '' })
    })
    await this.#wake(this.name, result.wakeInMs)
    return result.jobs.map((answer) =>
      Object.defineProperty({ ...answer } as AddedJob, 'finished', {
        value: (options?: FinishedOptions) => this.finished(answer.id, options),
      }),
    )
  }

  /** Loaded late: most queues have no flows. */
  async #layOutFlow(
    flow: JobFlow<Jobs>,
    layout: FlowLayout<Jobs>,
    parent?: string,
  ): Promise<readonly NewJob[]> {
    const { layOutFlow } = await this.#work.load()
    return layOutFlow(flow, layout, parent)
  }

  #layout(): FlowLayout<Jobs> {
    const trace = this.#options.tracing?.carry()
    return {
      queue: this.name,
      backend: this.#options.backend,
      newJob: (job) => this.#newJob(job, trace),
      newId: () => `flow-${encodeHex(this.#random.bytes(12))}`,
    }
  }

  async #one(action: JobAction, id: string): Promise<boolean> {
    return (await this.#command(action, [checkJobId(`${action} job`, id)])) > 0
  }

  /** Does something to jobs, and tells whoever waits for them or works the queue. */
  async #command(type: JobAction, ids: readonly string[]): Promise<number> {
    const changed = await this.#jobStore.command({ type, ids })
    if (changed > 0) {
      for (const id of ids) this.#ends.tell(id)
      await this.#wake(this.name, 0)
    }
    return changed
  }

  #wake(queue: string, inMs: number | null): Promise<void> {
    return tryWake(this.#options.backend.waker, queue, inMs)
  }

  /** @param trace Which the job belongs to; ticks of a schedule have traces of their own */
  async #newJob(job: JobToAdd<Jobs>, trace?: TraceHeaders): Promise<NewJob> {
    checkOptions('add job', job, ['name'], ['data', 'options'])
    const { name, data, options } = job
    if (options !== undefined) checkPlain('add job', 'its options are', options)
    if (this.#options.tracing === undefined) refuseTrace(options)
    const definition = this.#kinds.find(name)
    if (definition === undefined) throw unknownJob(name, this.name, this.#kinds.names)
    return makeNewJob(name, definition, data, {
      ...this.#options.options,
      ...definition.options,
      ...options,
      trace: options?.trace ?? trace,
    })
  }

  #workers(
    { createJobWorker }: WorkingParts,
    { onSettled, onError, ...options }: RunOptions,
  ): readonly JobWorker[] {
    checkFunctions(WORK, { onSettled, onError })
    const { jobStore, waker } = this.#options.backend
    const onFault = (fault: unknown): void => this.#onFault('A callback of a worker failed', fault)
    const concurrency = this.#kinds.concurrencyOf(options.concurrency)
    return this.processors.map((processor) =>
      createJobWorker({
        ...options,
        // Ticks are no work of the caller's, and wait for the store alone.
        concurrency: processor === this.processor ? concurrency : TICKS_AT_ONCE,
        processor,
        jobStore: jobStore.queue(processor.queue),
        clock: this.#clock,
        waker,
        ...(onError !== undefined && {
          onError: (error) => callQuietly(() => onError(error), onFault),
        }),
        onSettled: (job, outcome, fate) => {
          if (processor === this.processor) this.#ends.tell(job.id)
          const thrown = this.#thrown.get(outcome)
          callQuietly(() => onSettled?.(job, outcome, fate, thrown), onFault)
        },
      }),
    )
  }

  /** Does work whose failures nobody needs to report, where `onSettled` hears of them. */
  async #heardBy<Result>({ onSettled }: RunOptions, work: () => Promise<Result>): Promise<Result> {
    const ears = onSettled === undefined ? 0 : 1
    this.#ears += ears
    try {
      return await work()
    } finally {
      this.#ears -= ears
    }
  }

  #noteFailure({ name, attempt, maxAttempts }: ClaimedJob, { outcome, thrown }: Attempt): void {
    this.#thrown.set(outcome, thrown)
    if (this.#events.isHeard || this.#ears > 0) return
    const what = `${name} ${readThrown(thrown).name}`
    const fate = outcome.to === 'scheduled' ? 'failed' : `is ${outcome.to}`
    const message = `Job ${JSON.stringify(name)} of queue ${this.name} ${fate}`
    this.#reporter.report(what, `${message}, attempt ${attempt} of ${maxAttempts}`, thrown)
  }

  #onFault(message: string, fault: unknown): void {
    this.#reporter.report(message, `${message} (queue ${this.name})`, fault)
  }

  #reportTrouble(error: unknown): void {
    const message = `A worker of queue ${this.name} is in trouble, goes on`
    this.#reporter.report(readThrown(error).name, message, error)
  }
}
