import { callQuietly } from '../../../primitives/call-quietly.ts'
import { systemClock, type Clock } from '../../ports/platform/clock.ts'
import { startStopwatch } from '../../ports/platform/deadline.ts'
import type { Report } from '../../ports/platform/report.ts'
import { createSparseReport } from '../../ports/platform/sparse-report.ts'
import type {
  AddResult,
  ClaimedJob,
  Exchange,
  ExchangeResult,
  JobCommand,
  NewJob,
  Settlement,
} from '../../ports/job-store/job-store.ts'
import { isLeftToOthers } from '../../workers/leave-to-others.ts'
import type { SqliteJobStore } from '../sqlite/job-store/job-store.ts'
import {
  checkDispatchLimits,
  NO_RUNNER_MS,
  createJobDispatcher,
  type DispatchLimits,
  type JobDispatcher,
} from './job-dispatcher.ts'
import type { ExchangeWithObject, JobRunnerEntrypoint } from './job-runner.ts'
import { fromJsonText, toJsonText } from './json-text.ts'
import type { WakeAlarm } from './wake-alarm.ts'

/**
 * What {@link createJobHost} needs. Functions are asked each time: a subclass of the object may say
 * otherwise later.
 */
export interface JobHostOptions {
  readonly jobStore: SqliteJobStore
  readonly alarm: WakeAlarm
  readonly clock: Clock
  readonly limits: () => DispatchLimits
  /** What runs jobs; `undefined` where the Worker exports nothing of the kind. */
  readonly runner: () => Pick<JobRunnerEntrypoint, 'run'> | undefined
  /** Hears that jobs wait which nothing runs, and why calls of the runner failed. */
  readonly report: Report
}

/**
 * The jobs of one Durable Object: whatever changes them sees to the alarm, and the alarm runs what
 * is due.
 */
export interface JobHost {
  add(queue: string, jobs: readonly NewJob[]): AddResult
  /** One step of the job store and, in the same breath, of the alarm. */
  exchange(queue: string, exchange: Exchange): ExchangeResult
  command(queue: string, command: JobCommand): number
  /** Says to a running alarm that there may be more to do in the queue. */
  wake(queue: string): void
  /**
   * What the alarm does. Errors of the storage pass through, so that the platform wakes again.
   *
   * @returns Until when the alarm is to wake again, `null` when no job waits
   */
  runDueJobs(): Promise<number | null>
}

const NO_RUNNER_MESSAGE =
  'Cannot run jobs: the Worker exports no job runner, so they wait. Export one from its main module (`export const JobRunner = jobRunner(...services)`) and set compatibility_date to 2025-11-17 or later'

/** How often jobs are taken up that were parked as unknown, and how many of a queue. */
const TAKE_UP_MS = 3_600_000
const TAKEN_UP = 1000

/** Said once in an isolate, whatever the number of its objects, and at each sweep. */
let saidMissing = false

export function createJobHost(options: JobHostOptions): JobHost {
  const { jobStore, alarm, clock, limits, runner, report } = options
  const dispatchers = new Map<string, JobDispatcher>()
  const elapsedMs = startStopwatch(clock)
  const sparse = createSparseReport(report, clock)
  /** An object starts anew with each deployment, which may know what the one before did not. */
  let takeUpAt = -Infinity

  function exchange(queue: string, request: Exchange): ExchangeResult {
    const result = jobStore.exchange(queue, request)
    wakeWithin(result.wakeInMs)
    // Whoever asks for nothing sweeps, for a person to see what comes of it.
    if (result.wakeInMs === 0 && Object.keys(request).length === 0) sayMissing(true)
    return result
  }

  function sayMissing(again = false): void {
    if (runner() !== undefined || (saidMissing && !again)) return
    saidMissing = true
    const waiting = jobStore.queues().slice(0, 10).join(', ')
    callQuietly(() => report(NO_RUNNER_MESSAGE, new Error(`Queues with jobs: ${waiting}`)))
  }

  function wakeWithin(inMs: number | null): void {
    const soon = notTooSoon(inMs)
    if (soon !== null) alarm.wakeWithin(soon)
  }

  function notTooSoon(inMs: number | null): number | null {
    if (inMs === null) return null
    // Perhaps the next deployment exports one.
    if (runner() === undefined) return Math.max(inMs, NO_RUNNER_MS)
    return Math.max(inMs, ...[...dispatchers.values()].map(({ restMs }) => restMs))
  }

  function nextWakeInMs(): number | null {
    const at = jobStore.nextWakeAt()
    return at === null ? null : Math.max(at - clock.now(), 0)
  }

  /**
   * An alarm that wakes while its handler works waits until that has ended; so the handler is told
   * itself.
   */
  function wake(queue: string): void {
    dispatchers.get(queue)?.wake()
  }

  function dispatcherOf(queue: string): JobDispatcher {
    const known = dispatchers.get(queue)
    if (known !== undefined) return known
    const dispatcher = createJobDispatcher({
      clock,
      limits: checkDispatchLimits(limits()),
      exchange: (request) => exchange(queue, request),
      run: (jobs) => run(queue, jobs),
      onFailure: (error) =>
        sparse.report(
          queue,
          `A call that ran jobs of queue ${queue} failed, they are run again`,
          error,
        ),
    })
    dispatchers.set(queue, dispatcher)
    return dispatcher
  }

  /**
   * Nobody but the object is sure to be woken while jobs are parked: it lets whatever runs jobs now
   * say whether it knows them.
   *
   * @returns Whether some are parked
   */
  function takeUpParked(): boolean {
    const isTime = runner() !== undefined && elapsedMs() >= takeUpAt
    if (isTime) takeUpAt = elapsedMs() + TAKE_UP_MS
    const parked = jobStore.queues().map((queue) => {
      const { jobs } = jobStore.list(queue, { state: 'parked', limit: isTime ? TAKEN_UP : 20 })
      const ids = jobs.filter(({ lastError }) => isLeftToOthers(lastError)).map(({ id }) => id)
      if (isTime && ids.length > 0) jobStore.command(queue, { type: 'promote', ids })
      return ids.length > 0
    })
    return parked.includes(true)
  }

  async function run(queue: string, jobs: readonly ClaimedJob[]): Promise<readonly Settlement[]> {
    const found = runner()
    if (found === undefined) throw new Error('Cannot run jobs: the Worker exports no job runner')
    const exchangeWithObject: ExchangeWithObject = async (text) => {
      const result = exchange(queue, fromJsonText(text))
      wake(queue)
      return toJsonText(result)
    }
    const { leaseMs } = checkDispatchLimits(limits())
    const text = toJsonText(jobs)
    const now = systemClock.now()
    return fromJsonText(await found.run(queue, text, leaseMs, exchangeWithObject, now))
  }

  return {
    exchange,
    wake,
    add(queue, jobs) {
      const result = jobStore.add(queue, jobs)
      wakeWithin(result.wakeInMs)
      if (result.wakeInMs !== null) sayMissing()
      wake(queue)
      return result
    },
    command(queue, command) {
      const changed = jobStore.command(queue, command)
      wakeWithin(nextWakeInMs())
      wake(queue)
      return changed
    },
    async runDueJobs() {
      // First of all a watchdog, in case this run ends in a way that nothing here can see. Before
      // the leases end, so that outcomes which could not be written are written then, rather than
      // their jobs run again.
      wakeWithin(checkDispatchLimits(limits()).leaseMs / 2)
      const hasRunner = runner() !== undefined
      takeUpParked()
      await Promise.all(
        jobStore.queues().map(async (queue) => {
          if (hasRunner) await dispatcherOf(queue).work()
          else jobStore.exchange(queue, {})
        }),
      )
      const again = [...dispatchers.values()].some(({ isBusy }) => isBusy)
      if (again) return 0
      const next = notTooSoon(nextWakeInMs())
      return takeUpParked() ? Math.min(next ?? Infinity, TAKE_UP_MS) : next
    },
  }
}
