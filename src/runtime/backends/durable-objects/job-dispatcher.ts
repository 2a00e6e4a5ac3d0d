import { checkOptions } from '../../../primitives/check-options.ts'
import { checkDuration, checkInteger } from '../../../primitives/check-range.ts'
import type { Duration } from '../../../primitives/duration.ts'
import { cut, readThrown } from '../../../primitives/read-thrown.ts'
import type { Clock } from '../../ports/platform/clock.ts'
import { startStopwatch } from '../../ports/platform/deadline.ts'
import type {
  ClaimedJob,
  Exchange,
  ExchangeResult,
  Settlement,
} from '../../ports/job-store/job-store.ts'
import { chunkBySize } from './chunk-by-size.ts'
import { createWakeFlag } from '../../workers/wake-flag.ts'
import { isPlatformFailure } from './object-caller.ts'

/** How an object hands jobs to the Worker's job runner. */
export interface DispatchLimits {
  /** Jobs of one call of the runner, which all run at once in one isolate: 1 to 250. Default 20. */
  readonly jobsPerCall: number
  /**
   * Jobs of one call as long as calls take less than 20 ms, which waits for nothing far away:
   * `jobsPerCall` to 250. A call that takes longer, or fails, is followed by ones of `jobsPerCall`
   * again. Default 100.
   */
  readonly jobsPerQuickCall: number
  /** Calls at the same time, up to 250; 0 runs nothing. Default 4. */
  readonly calls: number
  /**
   * A job whose runner disappears is given to another after this long, 100 ms to 1 day. Default 10
   * s.
   */
  readonly lease: Duration
  /**
   * One alarm claims no more after this long, up to 14 min; the next goes on at once. The platform
   * gives an alarm 15 minutes, and by default 30 seconds of CPU time. Default 30 s.
   */
  readonly timeLimit: Duration
}

/** Checked {@link DispatchLimits}. */
export interface CheckedDispatchLimits {
  readonly jobsPerCall: number
  readonly jobsPerQuickCall: number
  readonly calls: number
  readonly leaseMs: number
  readonly timeLimitMs: number
}

/** @throws RangeError when a limit is out of range */
export function checkDispatchLimits(limits: DispatchLimits): CheckedDispatchLimits {
  checkOptions(DISPATCH, limits, LIMITS)
  const { jobsPerCall, jobsPerQuickCall, calls, lease, timeLimit } = limits
  return {
    jobsPerCall: checkInteger(DISPATCH, 'jobsPerCall', jobsPerCall, 1, 250),
    jobsPerQuickCall: checkInteger(DISPATCH, 'jobsPerQuickCall', jobsPerQuickCall, 1, 250),
    calls: checkInteger(DISPATCH, 'calls', calls, 0, 250),
    leaseMs: checkDuration(DISPATCH, 'lease', lease, 100, 86_400_000),
    timeLimitMs: checkDuration(DISPATCH, 'timeLimit', timeLimit, 1, 840_000),
  }
}

export interface JobDispatcherOptions {
  readonly clock: Clock
  readonly limits: CheckedDispatchLimits
  /** One step of the job store; sees to the alarm in the same breath. */
  readonly exchange: (request: Exchange) => ExchangeResult
  /** Calls the runner; answers with the outcomes that were not handed in on the way. */
  readonly run: (jobs: readonly ClaimedJob[]) => Promise<readonly Settlement[]>
  /** Hears by what a call failed as a whole, unless the platform only ended it. Must not throw. */
  readonly onFailure?: (error: unknown) => void
}

/** Works one queue through a runner: what a Durable Object's alarm does. */
export interface JobDispatcher {
  /**
   * Claims and runs until nothing is ready and nothing runs, or until the alarm's share is used up.
   */
  work(): Promise<void>
  /** Says that there may be more to claim. */
  wake(): void
  /** Whether calls still run: then it should work again at once. */
  readonly isBusy: boolean
  /** No call before this long from now, in ms: the last ones failed. */
  readonly restMs: number
}

const DISPATCH = 'dispatch jobs'
const LIMITS = ['jobsPerCall', 'jobsPerQuickCall', 'calls', 'lease', 'timeLimit'] as const
/**
 * The error code of jobs that a runner has left as they are, because it has no processor for them.
 */
export const NO_RUNNER = 'no_runner'
/** Where nothing runs the jobs that wait, they are looked at again this often. */
export const NO_RUNNER_MS = 60_000

/**
 * Failed calls that a job may be part of before they count as its attempts: the failure may be
 * another job's fault.
 */
const FREE_FAILURES = 3
const MAX_REST_MS = 60_000
const MESSAGE_CHARACTERS = 2000
/** Calls that take less are quick. */
const QUICK_MS = 20
const MOST_SUSPECTS = 10_000
/** Characters of one call. */
const CALL_CHARS = 6_000_000
/** Calls of one alarm: the platform allows 1,000. */
const CALLS_OF_ALARM = 500
/** Settlements and claims of one exchange. */
const EXCHANGE_JOBS = 1000

export function createJobDispatcher(options: JobDispatcherOptions): JobDispatcher {
  const { clock, limits } = options
  const wakeFlag = createWakeFlag(clock)
  const elapsedMs = startStopwatch(clock)
  /** Jobs that were in calls that failed, and in how many; they run alone from then on. */
  const suspects = new Map<string, number>()
  let outcomes: Settlement[] = []
  let calls = 0
  let jobsPerCall = limits.jobsPerCall
  let failuresInRow = 0
  let restUntil = 0
  let working: Promise<void> | undefined

  async function call(jobs: readonly ClaimedJob[]): Promise<void> {
    calls++
    const startedAt = elapsedMs()
    try {
      const finished = await options.run(jobs)
      outcomes.push(...finished)
      if (finished.some(isLeftAlone)) restUntil = elapsedMs() + NO_RUNNER_MS
      const isQuick = elapsedMs() - startedAt < QUICK_MS
      if (!isQuick) jobsPerCall = limits.jobsPerCall
      else if (jobs.length >= jobsPerCall)
        jobsPerCall = Math.min(jobsPerCall * 2, limits.jobsPerQuickCall)
      failuresInRow = 0
      for (const { id } of jobs) suspects.delete(id)
    } catch (error) {
      jobsPerCall = limits.jobsPerCall
      const restMs = Math.min(1000 * 2 ** failuresInRow++, MAX_REST_MS)
      restUntil = elapsedMs() + restMs
      const counts = !isPlatformFailure(error)
      if (counts) options.onFailure?.(error)
      for (const job of jobs) outcomes.push(afterFailure(job, restMs, error, counts))
    }
    calls--
    wakeFlag.open()
  }

  /**
   * A call that failed as a whole says nothing about each job, so at first it costs none of them an
   * attempt.
   */
  function afterFailure(
    job: ClaimedJob,
    delayMs: number,
    thrown: unknown,
    counts: boolean,
  ): Settlement {
    const { id, token } = job
    const failures = (suspects.get(id) ?? 0) + (counts ? 1 : 0)
    if (counts) suspects.set(id, failures)
    if (suspects.size > MOST_SUSPECTS) suspects.clear()
    if (failures <= FREE_FAILURES)
      return { id, token, outcome: { to: 'scheduled', delayMs, refund: true } }
    const { name, message } = readThrown(thrown)
    const why = `The call that ran this job failed: ${cut(message, MESSAGE_CHARACTERS)}`
    const error = { name, code: 'runner_failed', message: why }
    if (job.attempt < job.maxAttempts)
      return { id, token, outcome: { to: 'scheduled', delayMs, error } }
    suspects.delete(id)
    return { id, token, outcome: { to: 'dead', error } }
  }

  /** Hands in what is finished and claims for the calls that are free. */
  function exchange(free: number): ExchangeResult {
    const settle = outcomes.slice(0, EXCHANGE_JOBS)
    outcomes = outcomes.slice(EXCHANGE_JOBS)
    try {
      const limit = Math.min(free * jobsPerCall, EXCHANGE_JOBS)
      return options.exchange({
        settle,
        ...(limit > 0 && { claim: { limit, leaseMs: limits.leaseMs } }),
      })
    } catch (error) {
      outcomes = [...settle, ...outcomes]
      throw error
    }
  }

  async function work(): Promise<void> {
    const endAt = elapsedMs() + limits.timeLimitMs
    for (let made = 0; ;) {
      const now = elapsedMs()
      const isOver = now >= endAt || made >= CALLS_OF_ALARM
      const { claimed, wakeInMs } = exchange(isOver || now < restUntil ? 0 : limits.calls - calls)
      const batches = chunkBySize(claimed, {
        items: jobsPerCall,
        chars: CALL_CHARS,
        charsOf: (job) => JSON.stringify(job).length,
        isAlone: ({ id }) => suspects.has(id),
      })
      for (const jobs of batches) void call(jobs)
      made += batches.length
      if (outcomes.length > 0) continue
      if (isOver || calls === 0) return
      const nextClaimMs = calls < limits.calls ? (wakeInMs ?? Infinity) : Infinity
      const waitMs = Math.max(nextClaimMs, restUntil - now, 1)
      await wakeFlag.wait(Math.min(waitMs, endAt - now))
    }
  }

  return {
    work: () =>
      (working ??= work().finally(() => {
        working = undefined
      })),
    wake: wakeFlag.open,
    get isBusy() {
      return calls > 0 || outcomes.length > 0
    },
    get restMs() {
      return Math.max(restUntil - elapsedMs(), 0)
    },
  }
}

function isLeftAlone({ outcome }: Settlement): boolean {
  if (outcome.to !== 'scheduled') return false
  const error: unknown = outcome.error
  return typeof error === 'object' && error !== null && 'code' in error && error.code === NO_RUNNER
}
