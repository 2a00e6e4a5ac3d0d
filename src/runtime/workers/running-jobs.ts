import type { Clock } from '../ports/platform/clock.ts'
import { startDeadline, startStopwatch, type Deadline } from '../ports/platform/deadline.ts'
import { JobAbortError } from '../ports/job-store/job-abort-error.ts'
import type {
  ClaimedJob,
  Exchange,
  ExchangeResult,
  Settlement,
} from '../ports/job-store/job-store.ts'
import type { JobOutcome } from '../ports/job-store/job-outcome.ts'
import { encodeJson } from '../ports/job-store/job-limits.ts'
import type { JobControl, JobProcessor } from '../ports/job-store/job-processor.ts'
import type { Json } from '../ports/json.ts'
import { runProcessor } from './run-processor.ts'

/** What {@link createRunningJobs} needs. */
export interface RunningJobsOptions {
  readonly processor: JobProcessor
  readonly clock: Clock
  readonly leaseMs: number
  /**
   * Hears that there is something new: to report, or that nothing of a lost job needs to be waited
   * for.
   */
  readonly onNews: (news: 'outcome' | 'progress' | 'lost') => void
  /** Hears what the processor rejected with. Must not throw. */
  readonly onCrash?: ((error: unknown) => void) | undefined
}

/**
 * The jobs that one worker runs: what they come to, how far they are, and whether they are still
 * its own.
 *
 * A lease is measured by elapsed time from before the request that takes or renews it was sent: the
 * job store, which starts later, gives no job to another before its handler here has been told so.
 */
export interface RunningJobs {
  /** How many run. */
  readonly count: number
  /** How many have ended or are to be given back, but have not been reported. */
  readonly endedCount: number
  /** Runs jobs whose leases begin now. */
  start(jobs: readonly ClaimedJob[]): void
  /**
   * Until the next lease is due for renewal, a third of its time after it began; `Infinity` without
   * jobs.
   */
  renewInMs(): number
  /** Aborts all that runs, and gives it back with its attempt unspent. */
  giveBack(): void
  /**
   * Takes what is to be told now: every outcome, progress, and the leases that are due.
   *
   * @param claims Whether jobs are claimed in the same exchange
   * @param renews Whether leases and progress are told too. Default true; false beside another
   *   report that is on its way, which a later one may overtake
   */
  report(claims: boolean, renews?: boolean): RunReport
}

/** A job that has run, and what it came to. */
export interface EndedJob {
  readonly job: ClaimedJob
  readonly outcome: JobOutcome
}

/** What the job store is to be told in one exchange. */
export interface RunReport {
  /**
   * The jobs that have run, in the order of `settle`; behind them stand those that are given back.
   */
  readonly ended: readonly EndedJob[]
  readonly settle: readonly Settlement[]
  readonly extend: NonNullable<Exchange['extend']>
  /**
   * The job store took it: leases count anew, jobs that were cancelled or lost hear of it, and
   * those that were claimed run.
   *
   * @param starts Whether claimed jobs run; otherwise they are given back, as they are where the
   *   answer came after the end of their lease
   */
  taken(result: Pick<ExchangeResult, 'extended' | 'claimed'>, starts: boolean): void
  /** The job store may not have taken it: it stands in the next report. */
  putBack(): void
}

/** A span of time for which jobs are known to be this worker's own. */
interface Lease {
  readonly deadline: Deadline
  /** When it is due for renewal, on the stopwatch. */
  readonly renewAt: number
  readonly jobs: Set<RunningJob>
}

interface RunningJob {
  readonly job: ClaimedJob
  readonly abort: AbortController
  lease: Lease
  /** The latest that was told and is not known to be in the job store. */
  progress?: { readonly value: Json }
}

/**
 * What a processor is given. A class, since each literal with a getter has a hidden class of its
 * own, which keeps the job in memory until the next major collection.
 */
class RunningJobControl implements JobControl {
  readonly #entry: RunningJob
  readonly progress: (value: Json) => void

  constructor(entry: RunningJob, progress: (value: Json) => void) {
    this.#entry = entry
    this.progress = progress
  }

  get signal(): AbortSignal {
    // Whoever asks after a standstill of the process hears of it before the timer does.
    this.#entry.lease.deadline.isOver()
    return this.#entry.abort.signal
  }
}

const GIVEN_BACK: JobOutcome = { to: 'scheduled', delayMs: 0, refund: true }
/** Timers count whole milliseconds and may wake a fraction early: what is due by then is due. */
const TIMER_MS = 1

/**
 * Keeps account of the jobs that a worker runs; when to ask the job store is the worker's own
 * choice.
 */
export function createRunningJobs(options: RunningJobsOptions): RunningJobs {
  const { processor, clock, leaseMs, onNews, onCrash } = options
  const elapsedMs = startStopwatch(clock)
  const running = new Map<string, RunningJob>()
  const leases = new Set<Lease>()
  let ended: EndedJob[] = []
  let unstarted: Settlement[] = []

  function beginLease(): Lease {
    const jobs = new Set<RunningJob>()
    const deadline = startDeadline(clock, leaseMs, () => {
      const lost = [...jobs]
      for (const entry of lost) drop(entry)
      if (lost.length > 0) onNews('lost')
    })
    const lease = { deadline, renewAt: elapsedMs() + leaseMs / 3, jobs }
    leases.add(lease)
    return lease
  }

  /** Forgets a lease under which nothing runs. */
  function tidy(lease: Lease): void {
    if (lease.jobs.size > 0) return
    lease.deadline.cancel()
    leases.delete(lease)
  }

  function remove(entry: RunningJob): void {
    if (running.get(entry.job.id) === entry) running.delete(entry.job.id)
    entry.lease.jobs.delete(entry)
    tidy(entry.lease)
  }

  function end(entry: RunningJob, outcome: JobOutcome): void {
    // What a handler says after its job was dropped or given back no longer counts.
    if (running.get(entry.job.id) !== entry) return
    remove(entry)
    ended.push({ job: entry.job, outcome })
    onNews('outcome')
  }

  function drop(entry: RunningJob): void {
    remove(entry)
    entry.abort.abort(new JobAbortError('lease_lost'))
  }

  function renew(entry: RunningJob, lease: Lease): void {
    const before = entry.lease
    before.jobs.delete(entry)
    lease.jobs.add(entry)
    entry.lease = lease
    tidy(before)
  }

  function start(job: ClaimedJob, lease: Lease): void {
    const entry: RunningJob = { job, abort: new AbortController(), lease }
    // Claimed once more although it runs: its lease had ended without a word of it here.
    const before = running.get(job.id)
    if (before !== undefined) drop(before)
    running.set(job.id, entry)
    lease.jobs.add(entry)
    const progress = (value: Json): void => {
      // A value that the job store would refuse must not keep it from renewing the leases.
      encodeJson('progress', value)
      entry.progress = { value }
      onNews('progress')
    }
    const control = new RunningJobControl(entry, progress)
    void runProcessor(processor, job, control, onCrash).then((outcome) => end(entry, outcome))
  }

  return {
    get count() {
      return running.size
    },
    get endedCount() {
      return ended.length + unstarted.length
    },
    start(jobs) {
      const lease = beginLease()
      for (const job of jobs) start(job, lease)
      tidy(lease)
    },
    renewInMs() {
      // That of a claim which is on its way holds nothing yet that could be renewed.
      const held = [...leases].filter(({ jobs }) => jobs.size > 0)
      const renewAt = Math.min(Infinity, ...held.map((lease) => lease.renewAt))
      return Math.max(renewAt - elapsedMs(), 0)
    },
    giveBack() {
      for (const entry of [...running.values()]) {
        entry.abort.abort(new JobAbortError('stopping'))
        end(entry, GIVEN_BACK)
      }
    },
    report(claims, renews = true) {
      const told = ended
      const toldUnstarted = unstarted
      ended = []
      unstarted = []
      const dueAt = elapsedMs() + TIMER_MS
      const renewing = [...running.values()]
        .filter(
          ({ lease, progress }) => renews && (lease.renewAt <= dueAt || progress !== undefined),
        )
        .map((entry) => ({ entry, progress: entry.progress }))
      const lease = claims || renewing.length > 0 ? beginLease() : null
      return {
        ended: told,
        settle: [
          ...told.map(({ job: { id, token }, outcome }) => ({ id, token, outcome })),
          ...toldUnstarted,
        ],
        extend: renewing.map(({ entry: { job }, progress }) => ({
          id: job.id,
          token: job.token,
          leaseMs,
          ...(progress !== undefined && { progress: progress.value }),
        })),
        taken({ extended, claimed }, starts) {
          // An answer that took longer than the lease says nothing of now.
          const holds = lease !== null && !lease.deadline.isOver()
          renewing.forEach(({ entry, progress }, index) => {
            const fate = extended[index]
            if (running.get(entry.job.id) !== entry) return
            if (fate === 'lost') return drop(entry)
            if (holds) renew(entry, lease)
            // What was told in the meantime is still to be reported.
            if (entry.progress === progress) delete entry.progress
            if (fate === 'cancelled') entry.abort.abort(new JobAbortError('cancelled'))
          })
          for (const job of claimed) {
            if (holds && starts) start(job, lease)
            else unstarted.push({ id: job.id, token: job.token, outcome: GIVEN_BACK })
          }
          if (lease !== null) tidy(lease)
        },
        putBack() {
          ended = [...told, ...ended]
          unstarted = [...toldUnstarted, ...unstarted]
          if (lease !== null) tidy(lease)
        },
      }
    },
  }
}
