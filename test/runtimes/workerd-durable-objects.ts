import { env as bindings } from 'cloudflare:workers'
import type { DurableObject } from 'cloudflare:workers'
import {
  durableObjects,
  InfrastructureObject,
  jobRunner,
  type DispatchLimits,
  type DurableObjectsOptions,
} from '../../src/runtime/durable-objects/index.ts'
import type { Backend } from '../../src/runtime/ports/backend.ts'
import { BackendError } from '../../src/runtime/ports/errors.ts'
import { systemClock } from '../../src/runtime/ports/clock.ts'
import { expectEqual, expectRejection, expectTrue } from '../../src/runtime/ports/conformance.ts'
import type {
  ClaimedJob,
  JobOutcome,
  NewJob,
  QueueLedger,
} from '../../src/runtime/ports/job-ledger.ts'
import type { JobControl } from '../../src/runtime/ports/job-processor.ts'
import { systemRandom } from '../../src/runtime/ports/random-source.ts'
import { createSqliteLedger } from '../../src/runtime/sqlite/ledger.ts'
import { createStorageDatabase } from '../../src/runtime/sqlite/storage-database.ts'
import { createSeededRandom } from '../../src/testing/seeded-random.ts'
import { createJob, defineJob, JobQueue } from '../../src/services/background-jobs/index.ts'
import type { Suite, SuiteCase } from '../conformance/suite.ts'

type Handler = (job: ClaimedJob, control: JobControl) => Promise<JobOutcome>

/** What jobs of that name do; runner, objects and tests live in one isolate. */
const handlers = new Map<string, Handler>()

const DONE: JobOutcome = { to: 'completed' }

/** As in a Worker: a queue on the bindings, made when the module is loaded. */
const typedQueue = new JobQueue({
  name: 'typed',
  backend: durableObjects((bindings as ObjectNamespaces).MeteredInfrastructureObject),
  jobs: { greet: defineJob({ run: ({ data }) => `Hello ${JSON.stringify(data)}` }) },
})

/** Runs the jobs of the queue `work`, by {@link handlers}, and those of {@link typedQueue}. */
export const TestJobRunner = jobRunner(typedQueue, {
  queue: 'work',
  process: async (job, control) => handlers.get(job.name)?.(job, control) ?? DONE,
})

/** How many calls of the {@link FailingJobRunner} fail as a whole. */
let failuresLeft = 0

/** Fails as a runner does that was ended from outside, then works. */
export class FailingJobRunner extends TestJobRunner {
  override async run(...call: Parameters<InstanceType<typeof TestJobRunner>['run']>) {
    if (failuresLeft-- > 0) throw new Error('the isolate was ended')
    return super.run(...call)
  }
}

/** What statement and alarm cost, and which statement is to fail. */
interface Meter {
  rows: number
  alarms: number
  statementsLeft: number
  failures: number
}

/** An object that can be looked into. */
export class MeteredInfrastructureObject extends InfrastructureObject {
  protected override readonly jobRunnerName: string = 'TestJobRunner'
  protected override dispatchLimits: DispatchLimits = {
    jobsPerCall: 20,
    calls: 4,
    leaseMs: 2000,
    alarmMs: 600_000,
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

  /** Resolves when the next alarm's handler has ended, with when the alarm rings again. */
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

  async wakes(): Promise<{ now: number; nextWakeAt: number | null; alarmAt: number | null }> {
    const ledger = createSqliteLedger(
      createStorageDatabase(this.ctx.storage),
      systemClock,
      systemRandom,
    )
    const nextWakeAt = ledger.nextWakeAt()
    return { now: systemClock.now(), nextWakeAt, alarmAt: await this.ctx.storage.getAlarm() }
  }
}

/** As {@link MeteredInfrastructureObject}, with a runner that fails. */
export class FailingInfrastructureObject extends MeteredInfrastructureObject {
  protected override readonly jobRunnerName = 'FailingJobRunner'
}

/** As {@link MeteredInfrastructureObject}, in a Worker that exports no runner. */
export class RunnerlessInfrastructureObject extends MeteredInfrastructureObject {
  protected override readonly jobRunnerName = 'NoSuchRunner'
}

type RemoteObject = {
  readonly [
    Method in 'limitDispatch' | 'alarmEnded' | 'failInAlarmAfter' | 'meter' | 'wakes' | 'getJob'
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

/** What only Durable Objects promise: alarms, calls, rows. */
export function durableObjectCases(env: ObjectNamespaces): Suite {
  /** A backend of its own, its queue `work`, and the object behind that. */
  function open(options: DurableObjectsOptions & { readonly in?: keyof ObjectNamespaces } = {}): {
    backend: Backend
    queue: QueueLedger
    object: () => RemoteObject
    prefix: string
  } {
    const namespace = env[options.in ?? 'MeteredInfrastructureObject']
    const prefix = `${crypto.randomUUID()}/`
    const backend = durableObjects(namespace, { prefix, ...options })
    return {
      backend,
      prefix,
      queue: backend.ledger.queue('work'),
      object: () => namespace.getByName(`${prefix}jobs:work`),
    }
  }

  const cases: SuiteCase[] = [
    {
      name: 'every method of the three ports is one call of one object',
      async run() {
        const calls: string[] = []
        const counting = {
          getByName: (name: string): object =>
            new Proxy(env.RunnerlessInfrastructureObject.getByName(name), {
              get(target, method) {
                calls.push(String(method))
                return Reflect.get(target, method) as unknown
              },
            }),
        }
        const prefix = `${crypto.randomUUID()}/`
        const { store, ledger, rateLimits, doorbell } = durableObjects(counting, { prefix })
        const part = store.partition('p')
        const queue = ledger.queue('q')
        const limit = { algorithm: 'gcra', name: 'l', limit: 1, windowMs: 1000 } as const
        await part.commit({ set: [{ key: 'k', value: 1 }] })
        await part.get('k')
        await part.list()
        await queue.add(many('n', 100))
        await queue.exchange({ claim: { limit: 100, leaseMs: 1000 } })
        await queue.get('x')
        await queue.list({ state: 'ready' })
        await queue.children('x')
        await queue.counts()
        await queue.command({ type: 'pause' })
        await rateLimits.consume('s', [limit, { ...limit, name: 'm' }])
        await rateLimits.reset('s')
        await doorbell.ring('q', 0)
        expectEqual(calls, [
          ...['commitEntries', 'getEntry', 'listEntries', 'addJobs', 'exchangeJobs', 'getJob'],
          ...['listJobs', 'listChildren', 'countJobs', 'commandJobs', 'consumeRateLimits'],
          'resetRateLimits',
        ])
      },
    },
    {
      name: 'errors of an object keep their type, and an object that stopped is backend_unavailable',
      async run() {
        const { queue } = open()
        await expectRejection(
          () => queue.list({ state: 'ready', limit: 1001 }),
          (error) => error instanceof RangeError && error.message.startsWith('Cannot list jobs'),
          'the RangeError that the object threw',
        )
        await expectRejection(
          () => queue.get('ABORT'),
          (error) => error instanceof BackendError && error.code === 'backend_unavailable',
          'an aborted object to be unavailable',
        )
        expectEqual(await queue.get('after that'), null)
      },
    },
    {
      name: 'a plain job is written at most three times: added, claimed, removed',
      async run() {
        const { queue, object } = open({ in: 'RunnerlessInfrastructureObject' })
        await queue.counts()
        const before = await object().meter()
        for (let batch = 0; batch < 4; batch++) await queue.add(many('n', 50))
        for (let batch = 0; batch < 4; batch++) {
          const { claimed } = await queue.exchange({ claim: { limit: 50, leaseMs: 60_000 } })
          const settle = claimed.map(({ id, token }) => ({ id, token, outcome: DONE }))
          expectEqual((await queue.exchange({ settle })).settled.length, 50)
        }
        const after = await object().meter()
        const perJob = (after.rows - before.rows) / 200
        expectTrue(perJob <= 3.1, `3 rows a job and a few for each batch, got ${perJob}`)
        expectTrue(
          after.alarms - before.alarms <= 2,
          `alarms to be set rarely, got ${after.alarms}`,
        )
      },
    },
    {
      name: 'the alarm runs all jobs, without a poll or a ring, and then is not set any more',
      async run() {
        const { queue, object } = open()
        const { rows: tables } = await object().meter()
        const seen = new Set<string>()
        const name = handle(async ({ id }) => {
          seen.add(id)
          return DONE
        })
        const ended = object().alarmEnded()
        const added = await queue.add(many(name, 100))
        await within(ended, 'the alarm to end')
        expectEqual([...seen].toSorted(), added.jobs.map(({ id }) => id).toSorted())
        expectEqual(sumOf(await queue.counts()), 0)
        expectEqual((await object().wakes()).alarmAt, null)
        const { rows, alarms } = await object().meter()
        expectTrue(rows - tables <= 310, `3 rows a job and a few more, got ${rows - tables}`)
        expectTrue(alarms <= 4, `the alarm to be set at most four times, got ${alarms}`)
      },
    },
    {
      name: 'jobRunner() takes a JobQueue, whose jobs then run without a worker',
      async run() {
        const ended = env.MeteredInfrastructureObject.getByName('jobs:typed').alarmEnded()
        const { id } = await createJob(typedQueue, { name: 'greet', data: 'Ada' })
        await within(ended, 'the alarm to end')
        const record = await typedQueue.get(id)
        expectEqual([record?.state, record?.result], ['completed', 'Hello "Ada"'])
      },
    },
    {
      name: 'the alarm runs a delayed job when it is due, and one that failed after its delay',
      async run() {
        const { queue, object } = open()
        const runs: number[] = []
        const second = Promise.withResolvers<void>()
        const name = handle(async ({ attempt }) => {
          runs.push(systemClock.now())
          if (attempt === 2) second.resolve()
          return attempt === 1 ? { to: 'scheduled', delayMs: 40 } : DONE
        })
        const startedAt = systemClock.now()
        await queue.add([{ name, data: 1, delayMs: 40, maxAttempts: 2 }])
        await within(second.promise, 'the second attempt')
        expectTrue((runs[0] ?? 0) >= startedAt + 40, 'the first attempt to wait for its time')
        expectTrue((runs[1] ?? 0) >= (runs[0] ?? 0) + 40, 'the second attempt to wait for its time')
        await drained(queue, object)
      },
    },
    {
      name: 'the alarm runs flows and groups to their end',
      async run() {
        const order: NewJob['data'][] = []
        const name = handle(async ({ data }) => {
          order.push(data)
          return DONE
        })
        const { queue, object } = open()
        const group = { key: 'g', limit: 1 }
        await queue.add([
          { name, data: 'root', id: 'root' },
          { name, data: 'mid', id: 'mid', parent: 'root', group },
          { name, data: 'leaf', parent: 'mid', group },
          { name, data: 'leaf', parent: 'mid', group },
        ])
        await drained(queue, object)
        expectEqual(order, ['leaf', 'leaf', 'mid', 'root'])
      },
    },
    {
      name: 'the results of children that would not fit into one message come in parts',
      async run() {
        const { queue } = open({ in: 'RunnerlessInfrastructureObject' })
        const result = `€${'x'.repeat(1_000_000)}`
        await queue.add([{ name: 'p', data: 1, id: 'p' }, ...many('c', 20, { parent: 'p' })])
        const { claimed } = await queue.exchange({ claim: { limit: 20, leaseMs: 60_000 } })
        for (const { id, token } of claimed)
          await queue.exchange({ settle: [{ id, token, outcome: { to: 'completed', result } }] })
        const children = await queue.children('p')
        expectEqual(
          children.map(({ id }) => id),
          claimed.map(({ id }) => id),
        )
        expectTrue(
          children.every((child) => child.result === result),
          'each result to be whole',
        )
      },
    },
    {
      name: 'a slow job holds up neither the jobs beside it nor those that come later',
      async run() {
        const { queue, object } = open()
        await object().limitDispatch({ leaseMs: 60_000 })
        const release = Promise.withResolvers<void>()
        const slow = handle(async () => release.promise.then(() => DONE))
        let left = 25
        let allRan = Promise.withResolvers<void>()
        const quick = handle(async () => {
          if (--left === 0) allRan.resolve()
          return DONE
        })
        const ended = object().alarmEnded()
        await queue.add([...many(quick, 10), ...many(slow, 1), ...many(quick, 15)])
        await within(allRan.promise, 'the quick jobs')
        for (let later = 0; later < 10; later++) {
          left = 1
          allRan = Promise.withResolvers<void>()
          await queue.add(many(quick, 1))
          await within(allRan.promise, 'a later quick job')
        }
        expectTrue((await queue.counts()).active > 0, 'the slow job to run all the time')
        release.resolve()
        await within(ended, 'the alarm to end')
        expectEqual(sumOf(await queue.counts()), 0)
      },
    },
    {
      name: 'a job that takes longer than its lease is run once: the runner renews it',
      async run() {
        const { queue, object } = open()
        await object().limitDispatch({ leaseMs: 600 })
        let runs = 0
        const name = handle(async () => {
          runs++
          await wait(1000)
          return DONE
        })
        const ended = object().alarmEnded()
        await queue.add(many(name, 1, { maxAttempts: 9 }))
        await within(ended, 'the alarm to end')
        expectEqual([runs, sumOf(await queue.counts())], [1, 0])
      },
    },
    {
      name: 'whatever makes a job ready earlier wakes the alarm',
      async run() {
        const { queue, object } = open()
        const later = { delayMs: 3_600_000 }
        let ran = Promise.withResolvers<void>()
        const name = handle(async () => {
          ran.resolve()
          return { to: 'dead', error: 1 }
        })
        const runsAfter = async (what: string, act: () => Promise<unknown>): Promise<void> => {
          const ended = object().alarmEnded()
          ran = Promise.withResolvers<void>()
          await act()
          await within(ran.promise, `a job to run after ${what}`)
          await within(ended, 'the alarm to end')
        }
        const [first] = (await queue.add(many(name, 1, later))).jobs
        const ids = [first?.id ?? '']
        await runsAfter('promote', () => queue.command({ type: 'promote', ids }))
        await runsAfter('retry', () => queue.command({ type: 'retry', ids }))
        await queue.add(many(name, 1, later))
        await runsAfter('an add beside a later job', () => queue.add(many(name, 1)))
        await queue.command({ type: 'pause' })
        await queue.add(many(name, 1))
        await runsAfter('resume', () => queue.command({ type: 'resume' }))
      },
    },
    {
      name: 'cancel aborts the signal of a running job with the next renewal',
      async run() {
        const { queue, object } = open()
        await object().limitDispatch({ leaseMs: 600 })
        const started = Promise.withResolvers<void>()
        const reasons: unknown[] = []
        const name = handle(async (_job, { signal, progress }) => {
          progress({ step: 1 })
          started.resolve()
          await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()))
          reasons.push((signal.reason as { code?: string }).code)
          return { to: 'scheduled', delayMs: 0 }
        })
        const ended = object().alarmEnded()
        const [job] = (await queue.add(many(name, 1, { maxAttempts: 9 }))).jobs
        await within(started.promise, 'the job to start')
        expectEqual(await queue.command({ type: 'cancel', ids: [job?.id ?? ''] }), 1)
        await within(ended, 'the alarm to end')
        const record = await queue.get(job?.id ?? '')
        expectEqual(
          [reasons, record?.state, record?.progress],
          [['cancelled'], 'cancelled', { step: 1 }],
        )
      },
    },
    {
      name: 'jobs of a queue that the runner does not know are parked, with an error that says so',
      async run() {
        const { backend, prefix } = open()
        const queue = backend.ledger.queue('unknown')
        const object = env.MeteredInfrastructureObject.getByName(`${prefix}jobs:unknown`)
        const ended = object.alarmEnded()
        const [job] = (await queue.add(many('n', 1))).jobs
        await within(ended, 'the alarm to end')
        const record = await queue.get(job?.id ?? '')
        expectEqual(record?.state, 'parked')
        expectTrue(
          JSON.stringify(record?.lastError).includes('jobRunner()'),
          'the error to say what to do',
        )
      },
    },
    {
      name: 'without an exported runner jobs stay for pull workers, and the alarm does not spin',
      async run() {
        const { queue, object } = open({ in: 'RunnerlessInfrastructureObject' })
        await queue.add(many('n', 3))
        const { alarmAt, now } = await object().wakes()
        expectTrue((alarmAt ?? 0) > now + 50_000, 'the alarm to be a minute away')
        expectEqual((await queue.exchange({ claim: { limit: 9, leaseMs: 50 } })).claimed.length, 3)
        expectEqual((await object().meter()).alarms, 1)
      },
    },
    {
      name: 'a call of the runner that fails as a whole costs no job an attempt',
      async run() {
        const { queue, object } = open({ in: 'FailingInfrastructureObject' })
        const attempts: number[] = []
        const all = Promise.withResolvers<void>()
        const name = handle(async ({ attempt }) => {
          if (attempts.push(attempt) === 5) all.resolve()
          return DONE
        })
        failuresLeft = 1
        await queue.add(many(name, 5, { maxAttempts: 1 }))
        await within(all.promise, 'the jobs to run after the failure')
        expectEqual(attempts, [1, 1, 1, 1, 1])
        await drained(queue, object)
      },
    },
    {
      name: 'in every state with a waiting job the alarm is set early enough',
      async run() {
        const { queue, object } = open()
        const random = createSeededRandom(11)
        const pick = (below: number): number => Math.floor(random.fraction() * below)
        const name = handle(async ({ attempt }) =>
          attempt < 3 ? { to: 'scheduled', delayMs: attempt * 20 } : { to: 'dead', error: 1 },
        )
        const held: ClaimedJob[] = []
        const ids: string[] = []
        const acts: (() => Promise<unknown>)[] = [
          async () => {
            const delayMs = pick(3) * pick(100)
            const added = await queue.add(many(name, 1 + pick(3), { maxAttempts: 3, delayMs }))
            ids.push(...added.jobs.map(({ id }) => id))
          },
          async () => {
            const claim = { limit: 1 + pick(4), leaseMs: 1 + pick(5000) }
            held.push(...(await queue.exchange({ claim })).claimed)
          },
          () =>
            queue.exchange({ settle: held.splice(0, 1).map((job) => ({ ...job, outcome: DONE })) }),
          () => {
            const outcome = { to: 'scheduled', delayMs: pick(300) } as const
            return queue.exchange({ settle: held.splice(0, 2).map((job) => ({ ...job, outcome })) })
          },
          () =>
            queue.exchange({ extend: held.slice(0, 2).map((job) => ({ ...job, leaseMs: 100 })) }),
          () => queue.command({ type: 'promote', ids: ids.slice(-5) }),
          () => queue.command({ type: 'retry', ids: ids.slice(-9) }),
          () => queue.command({ type: pick(2) === 0 ? 'pause' : 'resume' }),
          () => queue.command({ type: 'cancel', ids: ids.splice(0, 1) }),
        ]
        for (let round = 0; round < 300; round++) {
          await acts[pick(acts.length)]?.()
          const { now, nextWakeAt, alarmAt } = await object().wakes()
          if (nextWakeAt === null) continue
          expectTrue(alarmAt !== null, `an alarm to be set in round ${round}`)
          const latest = Math.max(nextWakeAt, now) + 5
          expectTrue(
            alarmAt <= latest,
            `the alarm of round ${round} to be ${alarmAt - latest} ms earlier`,
          )
        }
        await queue.command({ type: 'resume' })
        await drained(queue, object)
      },
    },
    {
      name: 'an alarm that fails at any statement loses no job, and no outcome',
      async run() {
        await Promise.all(
          Array.from({ length: 24 }, async (_, statement) => {
            const { queue, object } = open()
            const runs = new Map<string, number>()
            const name = handle(async ({ id }) => {
              runs.set(id, (runs.get(id) ?? 0) + 1)
              return DONE
            })
            await object().failInAlarmAfter(statement)
            const ended = object().alarmEnded()
            const added = await queue.add(many(name, 3, { maxAttempts: 1 }))
            const alarmAt = await within(ended, 'the alarm to end')
            const { failures } = await object().meter()
            expectTrue(
              failures === 0 || alarmAt !== null,
              `an alarm to be set, failing at ${statement}`,
            )
            await drained(queue, object)
            const left = sumOf(await queue.counts())
            expectEqual(left, 0, `jobs that are not done, failing at statement ${statement}`)
            for (const { id } of added.jobs)
              expectEqual(runs.get(id), 1, `runs of a job, failing at statement ${statement}`)
          }),
        )
      },
    },
    {
      name: 'an alarm whose time is over goes on with the next, and no job is left',
      async run() {
        const { queue, object } = open()
        await object().limitDispatch({ alarmMs: 20, calls: 1, jobsPerCall: 2 })
        let runs = 0
        const name = handle(async () => {
          await wait(15)
          runs++
          return DONE
        })
        await queue.add(many(name, 12))
        await drained(queue, object)
        expectEqual(runs, 12)
        expectTrue((await object().meter()).alarmRuns > 2, 'several alarms')
      },
    },
    {
      name: 'an object that is stopped keeps everything, and runs again what ran',
      async run() {
        const { backend, queue, object, prefix } = open()
        await object().limitDispatch({ leaseMs: 300 })
        const stop = (name: string): Promise<unknown> =>
          env.MeteredInfrastructureObject.getByName(prefix + name)
            .getJob('work', 'ABORT')
            .catch(() => undefined)
        const version = await backend.store.partition('p').commit({ set: [{ key: 'k', value: 1 }] })
        const limit = { algorithm: 'gcra', name: 'l', limit: 2, windowMs: 3_600_000 } as const
        const limits = durableObjects(env.MeteredInfrastructureObject, {
          prefix,
          rateLimitShards: 1,
        })
        await limits.rateLimits.consume('s', [limit])
        let runs = 0
        const started = Promise.withResolvers<void>()
        const again = Promise.withResolvers<void>()
        const name = handle(async () => {
          if (++runs > 1) again.resolve()
          else {
            started.resolve()
            await new Promise(() => {})
          }
          return DONE
        })
        await queue.add([{ name, data: 1, maxAttempts: 2 }])
        const [later] = (await queue.add(many('later', 1, { delayMs: 3_600_000 }))).jobs
        await within(started.promise, 'the job to start')
        for (const one of ['jobs:work', 'store:p', 'limits:0']) await stop(one)
        const entry = await backend.store.partition('p').get('k')
        expectEqual({ ok: true, version: entry?.version }, version)
        expectEqual((await limits.rateLimits.consume('s', [limit]))[0]?.remaining, 0)
        expectEqual((await queue.get(later?.id ?? ''))?.state, 'scheduled')
        await within(again.promise, 'the job to run again after its lease')
        await queue.command({ type: 'remove', ids: [later?.id ?? ''] })
        await drained(queue, object)
      },
    },
    {
      name: 'claims and lists that would not fit into one message come in parts',
      async run() {
        const { queue } = open({ in: 'RunnerlessInfrastructureObject' })
        const data = `€${'x'.repeat(1_000_000)}`
        for (let batch = 0; batch < 2; batch++) await queue.add(many('big', 10, {}, data))
        await expectRejection(
          () => queue.add(many('big', 20, {}, data)),
          (error) => error instanceof RangeError,
          'an add over the limit of a message to be refused',
        )
        let listed = 0
        for (let cursor: string | undefined; ;) {
          const page = await queue.list({ state: 'ready', ...(cursor !== undefined && { cursor }) })
          listed += page.jobs.length
          if (page.cursor === null) break
          cursor = page.cursor
        }
        expectEqual(listed, 20)
        const claimed: ClaimedJob[] = []
        while (claimed.length < 20) {
          const result = await queue.exchange({ claim: { limit: 40, leaseMs: 60_000 } })
          expectTrue(result.claimed.length > 0, 'each claim to give some')
          claimed.push(...result.claimed)
        }
        expectEqual(
          [
            new Set(claimed.map(({ id }) => id)).size,
            claimed.every(({ attempt }) => attempt === 1),
          ],
          [20, true],
        )
      },
    },
    {
      name: 'a queue of several shards adds, finds, claims, lists and settles each job once',
      async run() {
        const { queue } = open({ in: 'RunnerlessInfrastructureObject', queueShards: 4 })
        for (let batch = 0; batch < 8; batch++) await queue.add(many('n', 5))
        const own = many('own', 20).map((job, index) => ({ ...job, id: `order/${index}` }))
        expectEqual(
          (await queue.add(own)).jobs,
          own.map(({ id }) => ({ id, added: true })),
        )
        expectTrue(
          (await queue.add(own)).jobs.every(({ added }) => !added),
          'ids to be taken',
        )
        const twin = { name: 'twin', data: 1, deduplication: { id: 'd' } }
        const [first] = (await queue.add([twin])).jobs
        expectEqual((await queue.add([twin])).jobs, [{ id: first?.id, added: false }])
        expectEqual((await queue.counts()).ready, 61)
        const listed: string[] = []
        for (let cursor: string | undefined; ;) {
          const page = await queue.list({
            state: 'ready',
            limit: 7,
            ...(cursor !== undefined && { cursor }),
          })
          listed.push(...page.jobs.map(({ id }) => id))
          if (page.cursor === null) break
          cursor = page.cursor
        }
        expectEqual([listed.length, new Set(listed).size], [61, 61])
        for (const id of listed) expectEqual((await queue.get(id))?.id, id)
        const removed = listed.slice(0, 11)
        expectEqual(await queue.command({ type: 'remove', ids: removed }), 11)
        let settled = 0
        for (let step = 0; step < 100 && settled < 50; step++) {
          const { claimed } = await queue.exchange({ claim: { limit: 3, leaseMs: 60_000 } })
          expectTrue(claimed.length <= 3, 'a claim to be within its limit')
          const settle = claimed.map(({ id, token }) => ({ id, token, outcome: DONE }))
          const result = await queue.exchange({ settle })
          expectTrue(
            result.settled.every((fate) => fate === 'settled'),
            'each to be settled',
          )
          settled += claimed.length
        }
        expectEqual([settled, sumOf(await queue.counts())], [50, 0])
        await expectRejection(
          () => queue.add([{ ...twin, id: 'both' }]),
          (error) => error instanceof TypeError,
          'an id beside a deduplication id to be refused',
        )
      },
    },
  ]
  return { subject: 'InfrastructureObject', adapter: 'durable-objects', cases }
}

/** Counts what an object writes, and fails a statement when told. The real calls go through. */
function meterOf(storage: ConstructorParameters<typeof DurableObject>[0]['storage']): Meter {
  const meter: Meter = { rows: 0, alarms: 0, statementsLeft: Infinity, failures: 0 }
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
      const cursor = exec(...statement) as ReturnType<typeof exec> & { rowsWritten: number }
      const rows = cursor.toArray()
      meter.rows += cursor.rowsWritten
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

/** @returns A job name of its own for this handler */
function handle(handler: Handler): string {
  const name = crypto.randomUUID()
  handlers.set(name, handler)
  return name
}

function many(
  name: string,
  count: number,
  extra: Partial<NewJob> = {},
  data: NewJob['data'] = 1,
): NewJob[] {
  return Array.from({ length: count }, () => ({ name, data, ...extra }))
}

function sumOf(counts: Awaited<ReturnType<QueueLedger['counts']>>): number {
  const { paused: _paused, ...states } = counts
  return Object.values(states).reduce((sum, count) => sum + count, 0)
}

/** Waits for alarm after alarm until no job waits or runs. */
async function drained(queue: QueueLedger, object: () => RemoteObject): Promise<void> {
  for (;;) {
    const ended = object().alarmEnded()
    const { ready, scheduled, active, held, blocked } = await queue.counts()
    if (ready + scheduled + active + held + blocked === 0) return
    await within(ended, 'the next alarm to end')
  }
}

async function within<T>(promise: Promise<T>, what: string): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`Expected ${what} within 10 s`)), 10_000)
  })
  return Promise.race([promise, late]).finally(() => clearTimeout(timer))
}

function wait(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
