import { callQuietly } from '../../primitives/call-quietly.ts'
import { checkFunctions, checkOptions } from '../../primitives/check-options.ts'
import { checkDuration, checkInteger } from '../../primitives/check-range.ts'
import type { Duration } from '../../primitives/duration.ts'
import { systemClock, type Clock } from '../ports/platform/clock.ts'
import type { Waker } from '../ports/waker/waker.ts'
import { startDeadline, type Deadline } from '../ports/platform/deadline.ts'
import { platformAfterIo } from '../ports/platform/after-io.ts'
import type { ClaimedJob, QueueStore } from '../ports/job-store/job-store.ts'
import type { JobOutcome } from '../ports/job-store/job-outcome.ts'
import type { JobProcessor } from '../ports/job-store/job-processor.ts'
import { createWakeFlag } from './wake-flag.ts'
import { createRunningJobs } from './running-jobs.ts'
import { createTakeUp } from './take-up-parked.ts'
import { tryWake } from './try-wake.ts'

/** What a {@link JobWorker} needs and how it works. */
export interface JobWorkerOptions {
  readonly processor: JobProcessor
  readonly jobStore: QueueStore
  readonly clock: Clock
  /**
   * Wakes the worker early. Default: none, the worker looks when the job store's next wake is due,
   * at least each `maxWait`.
   */
  readonly waker?: Waker
  /** Jobs that run at once, 1 to 1,000. Default 16. */
  readonly concurrency?: number
  /**
   * How long after this worker disappears its jobs are given to others, 100 ms to 1 day. Renewed
   * each third of it. Default 10 s.
   */
  readonly lease?: Duration
  /**
   * Longest wait before looking again without a wake, 1 ms to 1 h: what a lost wake costs. Default
   * 5 s.
   */
  readonly maxWait?: Duration
  /**
   * How long running jobs may still finish after the stop, before they are aborted and given back,
   * up to 1 h. The stop takes no longer than this and half a second, whatever the job store does.
   * Default 10 s.
   */
  readonly grace?: Duration
  /**
   * Hears of each outcome once the job store has taken it, or of its being `lost`. `onError` hears
   * what it throws.
   */
  readonly onSettled?: (job: ClaimedJob, outcome: JobOutcome, fate: 'settled' | 'lost') => unknown
  /**
   * Hears when the job store cannot be reached, at the first try that fails and each twelfth
   * from then on; the worker goes on trying. What it throws is ignored.
   */
  readonly onError?: (error: unknown) => unknown
}

/** Claims jobs, runs them through a processor, renews their leases and settles them. */
export interface JobWorker {
  /** Works until `signal` aborts, then finishes or gives back what runs. */
  run(options: { readonly signal: AbortSignal }): Promise<void>
  /**
   * Works until the queue has nothing to run right now; delayed jobs are left waiting.
   *
   * @returns How many jobs were settled
   */
  drain(): Promise<number>
}

const CREATE = 'create job worker'
const OPTIONAL = [
  'waker',
  'concurrency',
  'lease',
  'maxWait',
  'grace',
  'onSettled',
  'onError',
] as const
const MAX_RETRY_WAIT_MS = 5000
/** Of tries that fail one after the other: the first is told of, and one a minute or so. */
const TRIES_UNTOLD = 12
/**
 * How long after the grace what is given back may take to be written, where the job store answers
 * at all.
 */
const LAST_WORD_MS = 500
/**
 * What a handler tells of its progress waits this long for the next step of the job store, and is
 * then written by itself.
 */
const PROGRESS_MS = 500

/**
 * Makes a worker of one queue.
 *
 * @throws RangeError when an option is out of range
 * @throws TypeError when an option is missing, or has another name
 *
 * @example
 * const worker = createJobWorker({
 *   processor: emails.processor,
 *   jobStore: backend.jobStore.queue('emails'),
 *   clock: systemClock,
 *   waker: backend.waker,
 * })
 * await worker.run({ signal: stop.signal })
 */
export function createJobWorker(options: JobWorkerOptions): JobWorker {
  checkOptions(CREATE, options, ['processor', 'jobStore', 'clock'], OPTIONAL)
  const { processor, jobStore, clock, waker, onSettled, onError } = options
  checkFunctions(CREATE, { onSettled, onError })
  const { concurrency = 16, lease = 10_000, maxWait = 5000, grace = 10_000 } = options
  checkInteger(CREATE, 'concurrency', concurrency, 1, 1000)
  const leaseMs = checkDuration(CREATE, 'lease', lease, 100, 86_400_000)
  const maxWaitMs = checkDuration(CREATE, 'maxWait', maxWait, 1, 3_600_000)
  const graceMs = checkDuration(CREATE, 'grace', grace, 0, 3_600_000)
  // Half of them on their way, half of them running.
  const overlaps = jobStore.overlaps === true && concurrency > 1
  const mostClaims = overlaps ? Math.ceil(concurrency / 2) : concurrency
  const takeUp = processor.knows === undefined ? null : createTakeUp(processor, jobStore)
  let hasLooked = false

  async function work(signal: AbortSignal, untilIdle: boolean): Promise<number> {
    const wakeFlag = createWakeFlag(clock)
    let settledCount = 0
    let failures = 0
    let stopping = false
    /** Resolves when nothing is waited for any longer, whatever the job store does. */
    const left = Promise.withResolvers<void>()
    let hasLeft = false
    const deadlines: Deadline[] = []
    /** Progress was told, which is looked after soon. */
    let cancelLook: (() => void) | null = null
    const stopLooking = (): void => cancelLook?.()
    const running = createRunningJobs({
      processor,
      clock,
      leaseMs,
      onNews(news) {
        if (news !== 'progress') return wakeFlag.open()
        cancelLook ??= clock.setTimer(() => {
          cancelLook = null
          wakeFlag.open()
        }, PROGRESS_MS)
      },
      onCrash: tellError,
    })

    /** Claims that are on their way. */
    let claiming = 0
    /** Ends once there is nothing left for two exchanges at once. */
    let second: Promise<void> | null = null

    async function exchange(isBeside = false): Promise<{ wakeInMs: number | null; full: boolean }> {
      const free = Math.min(concurrency - running.count - claiming, mostClaims)
      const claims = !stopping && free > 0
      const report = running.report(claims, !isBeside)
      const { ended, settle, extend } = report
      const claim = claims ? free : 0
      claiming += claim
      let result
      try {
        result = await jobStore.exchange({
          settle,
          extend,
          ...(claims && { claim: { limit: free, leaseMs } }),
        })
      } catch (error) {
        report.putBack()
        throw error
      } finally {
        claiming -= claim
      }
      ended.forEach(({ job, outcome }, index) =>
        callQuietly(
          () => onSettled?.(job, outcome, result.settled[index] ?? 'lost'),
          (fault) => tellError(fault),
        ),
      )
      settledCount += ended.length
      // Whoever stops begins nothing more.
      report.taken(result, !stopping)
      return { wakeInMs: result.wakeInMs, full: claims && result.claimed.length === free }
    }

    /** Whether a second exchange is worth a call of its own; else the first one takes it along. */
    function worthTwo(): boolean {
      const free = concurrency - running.count - claiming
      return !stopping && failures === 0 && Math.max(free, running.endedCount) >= mostClaims
    }

    /** While one exchange is on its way, the jobs of the other one run. */
    async function exchangeBeside(): Promise<void> {
      try {
        for (let full = true; full && worthTwo();) {
          full = (await exchange(true)).full
          await nextTurn()
        }
      } catch (error) {
        tellError(error)
      } finally {
        second = null
        wakeFlag.open()
      }
    }

    /**
     * How long nothing can be done but wait: after a failure no renewal is due before the next try.
     */
    function waitMs(wakeInMs: number | null): number {
      if (failures > 0) return Math.min(50 * 2 ** failures, MAX_RETRY_WAIT_MS)
      const free = running.count + claiming < concurrency && !stopping
      const nextLook = free ? Math.min(wakeInMs ?? maxWaitMs, maxWaitMs) : maxWaitMs
      return Math.ceil(Math.min(nextLook, running.renewInMs()))
    }

    async function loop(): Promise<void> {
      for (;;) {
        // Whatever was told until here is part of this round, and needs no further one.
        wakeFlag.close()
        if (stopping && running.count === 0 && running.endedCount === 0 && second === null) return
        let wakeInMs: number | null = null
        try {
          const result = await exchange()
          wakeInMs = result.wakeInMs
          failures = 0
          if (overlaps && result.full && worthTwo()) second ??= exchangeBeside()
        } catch (error) {
          if (failures % TRIES_UNTOLD === 0) tellError(error)
          if (untilIdle) throw error
          failures++
          if (hasLeft) return
        }
        const idle =
          running.count === 0 && running.endedCount === 0 && failures === 0 && second === null
        if (untilIdle && idle && wakeInMs !== 0) return
        if (running.endedCount > 0 && failures === 0) continue
        if (stopping && idle) return
        await wakeFlag.wait(waitMs(wakeInMs))
        // What other jobs end with in this turn goes into the same exchange.
        await nextTurn()
      }
    }

    async function nextTurn(): Promise<void> {
      if (clock === systemClock) await new Promise<void>(platformAfterIo)
    }

    function onAbort(): void {
      stopping = true
      const leave = (): void => {
        hasLeft = true
        left.resolve()
      }
      const onGraceOver = (): void => {
        running.giveBack()
        deadlines.push(startDeadline(clock, LAST_WORD_MS, leave))
        wakeFlag.open()
      }
      if (graceMs === 0) onGraceOver()
      else deadlines.push(startDeadline(clock, graceMs, onGraceOver))
      wakeFlag.open()
    }
    if (signal.aborted) onAbort()
    else signal.addEventListener('abort', onAbort, { once: true })
    const stopListening = waker?.onWake?.(processor.queue, () => {
      // A worker without room looks anyway once a job has ended.
      if (running.count < concurrency) wakeFlag.open()
    })

    if (untilIdle && !hasLooked) await takeUp?.look()
    hasLooked = true
    const stopTakingUp = untilIdle
      ? undefined
      : takeUp?.keepLooking(clock, () => {
          wakeFlag.open()
          if (waker !== undefined) void tryWake(waker, processor.queue, 0)
        })
    try {
      const looping = loop()
      await Promise.race([looping, left.promise])
      // What the job store answers later on is nobody's business any more.
      if (hasLeft) looping.catch(() => undefined)
    } finally {
      signal.removeEventListener('abort', onAbort)
      for (const deadline of deadlines) deadline.cancel()
      stopListening?.()
      stopTakingUp?.()
      stopLooking()
    }
    return settledCount
  }

  function tellError(error: unknown): void {
    callQuietly(() => onError?.(error))
  }

  return {
    run: async ({ signal }) => void (await work(signal, false)),
    drain: () => work(new AbortController().signal, true),
  }
}
