import { jobRunner } from '../../src/runtime/backends/durable-objects/index.ts'
import { systemClock } from '../../src/runtime/ports/platform/clock.ts'
import {
  expectEqual,
  expectRejection,
  expectTrue,
  type Law,
} from '../../src/runtime/ports/conformance.ts'
import type { ClaimedJob, NewJob } from '../../src/runtime/ports/job-store/job-store.ts'
import { createSeededRandom } from '../../src/testing/seeded-random.ts'
import { createJob } from '../../src/services/background-jobs/index.ts'
import {
  callsToFail,
  DONE,
  drained,
  handle,
  makeTables,
  many,
  sumOf,
  typedQueue,
  reports,
  wait,
  within,
  type ObjectBench,
} from './workerd-object-bench.ts'

/** What an object's alarm promises. */
export const alarmLaws: readonly Law<ObjectBench>[] = [
  {
    name: 'the alarm runs all jobs, without a poll or a wake, and then is not set any more',
    async run({ open }) {
      const { queue, object } = open()
      await makeTables(queue)
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
    name: 'the alarm comes back for jobs that were parked as unknown, which an object takes up that starts anew',
    async run({ open, env }) {
      const { queue, object, prefix } = open()
      let known = false
      const name = handle(async () =>
        known ? DONE : { to: 'parked', error: { code: 'unknown_job', message: 'not here' } },
      )
      const ended = object().alarmEnded()
      const [job] = (await queue.add([{ name, data: 1, keepCompletedMs: 60_000 }])).jobs
      const alarmAt = await within(ended, 'the alarm to end')
      const { now } = await object().wakes()
      expectEqual((await queue.counts()).parked, 1)
      expectTrue(
        alarmAt !== null && alarmAt > now && alarmAt <= now + 3_600_000,
        `the alarm to come back within an hour, not at ${alarmAt}`,
      )
      known = true
      await env.MeteredInfrastructureObject.getByName(`${prefix}jobs:work`)
        .getJob('work', 'ABORT')
        .catch(() => undefined)
      await object().alarmNow()
      expectEqual((await queue.get(job?.id ?? ''))?.state, 'completed')
    },
  },
  {
    name: 'the alarm runs flows and groups to their end',
    async run({ open }) {
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
    name: 'jobRunner() takes a JobQueue, whose jobs then run without a worker',
    async run({ env }) {
      const ended = env.MeteredInfrastructureObject.getByName('jobs:typed').alarmEnded()
      const { id } = await createJob(typedQueue, { name: 'greet', data: 'Ada' })
      await within(ended, 'the alarm to end')
      const record = await typedQueue.get(id)
      expectEqual([record?.state, record?.result], ['completed', 'Hello "Ada"'])
      await expectRejection(
        async () => jobRunner(typedQueue, { processors: [typedQueue.processor] }),
        (error) => error instanceof RangeError,
        'two processors of one queue to be refused',
      )
    },
  },
  {
    name: 'the alarm runs a delayed job when it is due, and one that failed after its delay',
    async run({ open }) {
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
    name: 'a slow job holds up neither the jobs beside it nor those that come later',
    async run({ open }) {
      const { queue, object } = open()
      await object().limitDispatch({ lease: 60_000 })
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
    async run({ open }) {
      const { queue, object } = open()
      await object().limitDispatch({ lease: 600 })
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
    async run({ open }) {
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
    name: 'what a pull worker gives back for soon wakes the alarm then',
    async run({ open }) {
      const { queue, object } = open()
      // The alarm runs nothing itself, so that the pull worker gets the job.
      await object().limitDispatch({ calls: 0 })
      await queue.add(many('pulled', 1, { maxAttempts: 2 }))
      const { claimed } = await queue.exchange({ claim: { limit: 1, leaseMs: 60_000 } })
      for (const stub = object(); ;) {
        const ended = stub.alarmEnded()
        const { alarmAt, now } = await stub.wakes()
        if (alarmAt !== null && alarmAt > now + 30_000) break
        await within(ended, 'the alarm of the add to end')
      }
      const outcome = { to: 'scheduled', delayMs: 5000 } as const
      await queue.exchange({ settle: claimed.map(({ id, token }) => ({ id, token, outcome })) })
      const { alarmAt, now } = await object().wakes()
      expectTrue((alarmAt ?? Infinity) <= now + 5000, 'the alarm to wake when the job is due')
    },
  },
  {
    name: 'cancel aborts the signal of a running job with the next renewal',
    async run({ open }) {
      const { queue, object } = open()
      await object().limitDispatch({ lease: 600 })
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
    name: 'jobs of a queue that the runner does not know are left as they are, and it is said once',
    async run({ open, env }) {
      const { backend, prefix } = open()
      const queue = backend.jobStore.queue('unknown')
      const object = env.MeteredInfrastructureObject.getByName(`${prefix}jobs:unknown`)
      const ended = object.alarmEnded()
      const [job] = (await queue.add(many('n', 1))).jobs
      await within(ended, 'the alarm to end')
      const record = await queue.get(job?.id ?? '')
      expectEqual([record?.state, record?.attempt], ['scheduled', 0])
      expectTrue(
        JSON.stringify(record?.lastError).includes('jobRunner()'),
        'the error to say what to do',
      )
      await queue.add(many('n', 2))
      await queue.command({ type: 'promote', ids: [job?.id ?? ''] })
      const said = reports.filter((line) => line.includes('"unknown"'))
      expectEqual(said, [
        'Cannot run jobs of queue "unknown": no service of it was given to jobRunner(...), so they wait',
      ])
    },
  },
  {
    name: 'jobs of a queue whose processor is found by its name are run',
    async run({ open, env }) {
      const { backend, prefix } = open()
      const queue = backend.jobStore.queue('t:acme:work')
      const object = env.MeteredInfrastructureObject.getByName(`${prefix}jobs:t:acme:work`)
      const ended = object.alarmEnded()
      const [job] = (await queue.add(many('n', 1, { keepCompletedMs: 60_000 }))).jobs
      await within(ended, 'the alarm to end')
      const record = await queue.get(job?.id ?? '')
      expectEqual([record?.state, record?.result], ['completed', 'found t:acme:work'])
    },
  },
  {
    name: 'without an exported runner jobs stay for pull workers, and the alarm does not spin',
    async run({ open }) {
      const { queue, object } = open({ in: 'RunnerlessInfrastructureObject' })
      const said = (): number =>
        reports.filter((line) => line.includes('export const JobRunner')).length
      const before = said()
      await queue.add(many('n', 2))
      await queue.add(many('n', 1))
      expectTrue(said() - before <= 1, 'an isolate to say once that nobody runs its jobs')
      await queue.exchange({})
      expectTrue(said() > before, 'a sweep to say so')
      const { alarmAt, now } = await object().wakes()
      expectTrue((alarmAt ?? 0) > now + 50_000, 'the alarm to be a minute away')
      expectEqual((await queue.exchange({ claim: { limit: 9, leaseMs: 50 } })).claimed.length, 3)
      expectEqual((await object().meter()).alarms, 1)
    },
  },
  {
    name: 'a call of the runner that fails as a whole costs no job an attempt',
    async run({ open }) {
      const { queue, object } = open({ in: 'FailingInfrastructureObject' })
      const attempts: number[] = []
      const all = Promise.withResolvers<void>()
      const name = handle(async ({ attempt }) => {
        if (attempts.push(attempt) === 5) all.resolve()
        return DONE
      })
      callsToFail.left = 1
      await queue.add(many(name, 5, { maxAttempts: 1 }))
      await within(all.promise, 'the jobs to run after the failure')
      expectEqual(attempts, [1, 1, 1, 1, 1])
      await drained(queue, object)
    },
  },
  {
    name: 'in every state with a waiting job the alarm is set early enough',
    async run({ open }) {
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
        () => queue.exchange({ extend: held.slice(0, 2).map((job) => ({ ...job, leaseMs: 100 })) }),
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
    async run({ open }) {
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
    async run({ open }) {
      const { queue, object } = open()
      await object().limitDispatch({ timeLimit: 20, calls: 1, jobsPerCall: 2, jobsPerQuickCall: 2 })
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
]
