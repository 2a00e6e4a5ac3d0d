import { env as bindings, type DurableObject } from 'cloudflare:workers'
import {
  durableObjects,
  InfrastructureObject,
  jobRunner,
  type DispatchLimits,
  type DurableObjectsOptions,
} from '../../src/runtime/backends/durable-objects/index.ts'
import type { Backend } from '../../src/runtime/ports/backend.ts'
import { systemClock } from '../../src/runtime/ports/platform/clock.ts'
import type { ClaimedJob, NewJob, QueueStore } from '../../src/runtime/ports/job-store/job-store.ts'
import type { JobOutcome } from '../../src/runtime/ports/job-store/job-outcome.ts'
import type { JobControl } from '../../src/runtime/ports/job-store/job-processor.ts'
import { systemRandom } from '../../src/runtime/ports/platform/random-source.ts'
import { createSqliteJobStore } from '../../src/runtime/backends/sqlite/job-store/job-store.ts'
import { createStorageDatabase } from '../../src/runtime/backends/sqlite/database/storage-database.ts'
import { defineJob, JobQueue } from '../../src/services/background-jobs/index.ts'

type Handler = (job: ClaimedJob, control: JobControl) => Promise<JobOutcome>

/** What jobs of that name do; runner, objects and tests live in one isolate. */
const handlers = new Map<string, Handler>()

export const DONE: JobOutcome = { to: 'completed' }

/** As in a Worker: a queue on the bindings, made when the module is loaded. */
export const typedQueue = new JobQueue({
  name: 'typed',
  backend: durableObjects((bindings as ObjectNamespaces).MeteredInfrastructureObject),
  jobs: { greet: defineJob({ run: ({ data }) => `Hello ${JSON.stringify(data)}` }) },
})

/** Runs the jobs of the queue `work`, by {@link handlers}, of {@link typedQueue}, and of any `t:…`. */
export const TestJobRunner = jobRunner(
  typedQueue,
  {
    report: (message) => reports.push(message),
    processorOf: (queue) =>
      queue.startsWith('t:')
        ? { queue, process: async () => ({ to: 'completed', result: `found ${queue}` }) }
        : undefined,
  },
  {
    queue: 'work',
    process: async (job, control) => handlers.get(job.name)?.(job, control) ?? DONE,
  },
)

/** How many calls of the {@link FailingJobRunner} fail as a whole. */
export const callsToFail = { left: 0 }

/** Fails as a runner does that was ended from outside, then works. */
export class FailingJobRunner extends TestJobRunner {
  override async run(...call: Parameters<InstanceType<typeof TestJobRunner>['run']>) {
    if (callsToFail.left-- > 0) throw new Error('the isolate was ended')
    return super.run(...call)
  }
}

/** What statement and alarm cost, and which statement is to fail. */
interface Meter {
  rows: number
  rowsRead: number
  alarms: number
  statementsLeft: number
  failures: number
}

/** An object that can be looked into. */
export class MeteredInfrastructureObject extends InfrastructureObject {
  protected override readonly jobRunnerName: string = 'TestJobRunner'
  protected override dispatchLimits: DispatchLimits = {
    jobsPerCall: 20,
    jobsPerQuickCall: 100,
    calls: 4,
    lease: 2000,
    timeLimit: 600_000,
  }
  readonly #meter: Meter
  #failInAlarmAfter = Infinity
  #alarmEnds: ((alarmAt: number | null) => void)[] = []
  #alarmRuns = 0

  constructor(...[ctx, env]: ConstructorParameters<typeof DurableObject>) {
    const meter = meterOf(ctx.storage)
    super(ctx, env)
    this.#meter = meter
  }

  override async alarm(): Promise<void> {
    this.#alarmRuns++
    this.#meter.statementsLeft = this.#failInAlarmAfter
    this.#failInAlarmAfter = Infinity
    try {
      await super.alarm()
    } finally {
      this.#meter.statementsLeft = Infinity
      const alarmAt = await this.ctx.storage.getAlarm()
      for (const end of this.#alarmEnds.splice(0)) end(alarmAt)
    }
  }

  override getJob(queue: string, id: string): ReturnType<InfrastructureObject['getJob']> {
    if (id === 'ABORT') this.ctx.abort('aborted by the test')
    return super.getJob(queue, id)
  }

  limitDispatch(limits: Partial<DispatchLimits>): void {
    this.dispatchLimits = { ...this.dispatchLimits, ...limits }
  }

  /** Resolves when the next alarm's handler has ended, with when the alarm wakes again. */
  alarmEnded(): Promise<number | null> {
    return new Promise((resolve) => this.#alarmEnds.push(resolve))
  }

  /** Lets the statement after so many fail in the next alarm. */
  failInAlarmAfter(statements: number): void {
    this.#failInAlarmAfter = statements
  }

  meter(): Meter & { alarmRuns: number } {
    return { ...this.#meter, alarmRuns: this.#alarmRuns }
  }

  /** What the platform calls when the alarm wakes, under a name that can be called from outside. */
  alarmNow(): Promise<void> {
    return this.alarm()
  }

  /** How many limits it keeps. */
  limits(): number {
    const [row] = createStorageDatabase(this.ctx.storage).run(
      'SELECT count(*) AS count FROM reuse_limits',
    )
    return Number(row?.['count'])
  }

  /** Names of the tables and indexes that it keeps. */
  tables(): readonly string[] {
    const names = "SELECT name FROM sqlite_master WHERE name LIKE 'reuse%'"
    return createStorageDatabase(this.ctx.storage)
      .run(names)
      .map((row) => String(row['name']))
  }

  async wakes(): Promise<{ now: number; nextWakeAt: number | null; alarmAt: number | null }> {
    const jobStore = createSqliteJobStore(
      createStorageDatabase(this.ctx.storage),
      systemClock,
      systemRandom,
    )
    const nextWakeAt = jobStore.nextWakeAt()
    return { now: systemClock.now(), nextWakeAt, alarmAt: await this.ctx.storage.getAlarm() }
  }
}

/** As {@link MeteredInfrastructureObject}, with a runner that fails. */
export class FailingInfrastructureObject extends MeteredInfrastructureObject {
  protected override readonly jobRunnerName = 'FailingJobRunner'
}

/** What was said where nobody runs jobs. */
export const reports: string[] = []

/** As {@link MeteredInfrastructureObject}, in a Worker that exports no runner. */
export class RunnerlessInfrastructureObject extends MeteredInfrastructureObject {
  protected override readonly jobRunnerName = 'NoSuchRunner'
  protected override readonly report = (message: string, cause: unknown): void => {
    reports.push(`${message} ${String(cause)}`)
  }
}

type RemoteObject = {
  readonly [
    Method in
      | 'limitDispatch'
      | 'alarmEnded'
      | 'failInAlarmAfter'
      | 'meter'
      | 'tables'
      | 'limits'
      | 'alarmNow'
      | 'wakes'
      | 'getJob'
  ]: (
    ...args: Parameters<MeteredInfrastructureObject[Method]>
  ) => Promise<Awaited<ReturnType<MeteredInfrastructureObject[Method]>>>
}

interface Namespace {
  getByName(name: string): RemoteObject
}

/** The bindings of the objects above. */
export interface ObjectNamespaces {
  readonly MeteredInfrastructureObject: Namespace
  readonly FailingInfrastructureObject: Namespace
  readonly RunnerlessInfrastructureObject: Namespace
}

/** What the cases get. */
export interface ObjectBench {
  readonly env: ObjectNamespaces
  /** A backend of its own, its queue `work`, and the object behind that. */
  open(options?: DurableObjectsOptions & { readonly in?: keyof ObjectNamespaces }): {
    readonly backend: Backend
    readonly queue: QueueStore
    readonly object: () => RemoteObject
    readonly prefix: string
  }
}

export function createObjectBench(env: ObjectNamespaces): ObjectBench {
  return {
    env,
    open({ in: name = 'MeteredInfrastructureObject', ...options } = {}) {
      const namespace = env[name]
      const prefix = `${crypto.randomUUID()}/`
      const backend = durableObjects(namespace, { prefix, ...options })
      return {
        backend,
        prefix,
        queue: backend.jobStore.queue('work'),
        object: () => namespace.getByName(`${prefix}jobs:work`),
      }
    },
  }
}

/** @returns A job name of its own for this handler */
export function handle(handler: Handler): string {
  const name = crypto.randomUUID()
  handlers.set(name, handler)
  return name
}

export function many(
  name: string,
  count: number,
  extra: Partial<NewJob> = {},
  data: NewJob['data'] = 1,
): NewJob[] {
  return Array.from({ length: count }, () => ({ name, data, ...extra }))
}

/** Writes to an object for the first time, so that its tables count for nothing afterwards. */
export async function makeTables(queue: QueueStore): Promise<void> {
  await queue.command({ type: 'pause' })
  await queue.command({ type: 'resume' })
}

export function sumOf(counts: Awaited<ReturnType<QueueStore['counts']>>): number {
  const { paused: _paused, ...states } = counts
  return Object.values(states).reduce((sum, count) => sum + count, 0)
}

/** Waits for alarm after alarm until no job waits or runs. */
export async function drained(queue: QueueStore, object: () => RemoteObject): Promise<void> {
  for (;;) {
    const ended = object().alarmEnded()
    const { ready, scheduled, active, held, blocked } = await queue.counts()
    if (ready + scheduled + active + held + blocked === 0) return
    await within(ended, 'the next alarm to end')
  }
}

export async function within<T>(promise: Promise<T>, what: string): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`Expected ${what} within 10 s`)), 10_000)
  })
  return Promise.race([promise, late]).finally(() => clearTimeout(timer))
}

export function wait(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

/** Counts what an object writes, and fails a statement when told. The real calls go through. */
function meterOf(storage: ConstructorParameters<typeof DurableObject>[0]['storage']): Meter {
  const meter: Meter = { rows: 0, rowsRead: 0, alarms: 0, statementsLeft: Infinity, failures: 0 }
  const { sql } = storage
  const exec = sql.exec.bind(sql)
  const setAlarm = storage.setAlarm.bind(storage)
  Object.assign(sql, {
    exec(...statement: Parameters<typeof sql.exec>) {
      if (meter.statementsLeft-- <= 0) {
        meter.statementsLeft = Infinity
        meter.failures++
        throw new Error('the disk failed')
      }
      const cursor = exec(...statement) as ReturnType<typeof exec> & {
        rowsWritten: number
        rowsRead: number
      }
      const rows = cursor.toArray()
      meter.rows += cursor.rowsWritten
      meter.rowsRead += cursor.rowsRead
      return { toArray: () => rows }
    },
  })
  Object.assign(storage, {
    setAlarm(at: number) {
      meter.alarms++
      return setAlarm(at)
    },
  })
  return meter
}
