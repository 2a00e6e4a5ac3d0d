import type { Clock } from '../ports/platform/clock.ts'
import { JobAbortError } from '../ports/job-store/job-abort-error.ts'
import type {
  ClaimedJob,
  Exchange,
  ExchangeResult,
  Settlement,
} from '../ports/job-store/job-store.ts'
import type { JobOutcome } from '../ports/job-store/job-outcome.ts'
import { encodeJson } from '../ports/job-store/job-limits.ts'
import type { JobProcessor } from '../ports/job-store/job-processor.ts'
import type { Json } from '../ports/json.ts'
import { runProcessor } from './run-processor.ts'

/** What {@link createRunningJobs} needs. */
export interface RunningJobsOptions {
  readonly processor: JobProcessor
  readonly clock: Clock
  readonly leaseMs: number
  /** Hears that there is something new to report. */
  readonly onNews: (news: 'outcome' | 'progress') => void
  /** Hears what the processor rejected with. Must not throw. */
  readonly onCrash?: ((error: unknown) => void) | undefined
}

/** The jobs that one worker runs: what they come to, how far they are, and until when they are its own. */
export interface RunningJobs {
  /** How many run. */
  readonly count: number
  /** How many have ended, but not been reported. */
  readonly endedCount: number
  /** Runs a job that was claimed at that time. */
  start(job: ClaimedJob, claimedAt: number): void
  /** When the next lease is due for renewal, a third of its time after it began; `Infinity` without jobs. */
  renewAt(): number
  /** When the first lease ends; `Infinity` without jobs. */
  leaseUntil(): number
  /** Aborts and forgets the jobs whose lease has ended: another worker may have them. */
  dropLost(now: number): void
  /** Aborts all that runs, and gives it back with its attempt unspent. */
  giveBack(): void
  /** Takes what is to be told now: every outcome, progress, and the leases that are due. */
  report(now: number): RunReport
}

/** A job that has run, and what it came to. */
export interface EndedJob {
  readonly job: ClaimedJob
  readonly outcome: JobOutcome
}

/** What the job store is to be told in one exchange. */
export interface RunReport {
  readonly ended: readonly EndedJob[]
  readonly settle: readonly Settlement[]
  readonly extend: NonNullable<Exchange['extend']>
  /** The job store took it: leases count anew, and jobs that were cancelled or lost hear of it. */
  taken(extended: ExchangeResult['extended']): void
  /** The job store may not have taken it: it stands in the next report. */
  putBack(): void
}

interface RunningJob {
  readonly job: ClaimedJob
  readonly abort: AbortController
  /** Until when the lease is known to hold, on this process's clock. */
  leaseUntil: number
  renewAt: number
  /** The latest that was told and is not known to be in the job store. */
  progress?: { readonly value: Json }
}

/** Keeps account of the jobs that a worker runs; when to ask the job store is the worker's own choice. */
export function createRunningJobs(options: RunningJobsOptions): RunningJobs {
  const { processor, leaseMs, onNews, onCrash } = options
  // Whole, as timers are: a wake a fraction too early would cost an exchange.
  const renewMs = Math.ceil(leaseMs / 3)
  const running = new Map<string, RunningJob>()
  let ended: EndedJob[] = []

  function end(entry: RunningJob, outcome: JobOutcome): void {
    // What a handler says after its job was dropped or given back no longer counts.
    if (running.get(entry.job.id) !== entry) return
    running.delete(entry.job.id)
    ended.push({ job: entry.job, outcome })
    onNews('outcome')
  }

  function drop(entry: RunningJob): void {
    if (running.get(entry.job.id) === entry) running.delete(entry.job.id)
    entry.abort.abort(new JobAbortError('lease_lost'))
  }

  return {
    get count() {
      return running.size
    },
    get endedCount() {
      return ended.length
    },
    start(job, claimedAt) {
      const entry: RunningJob = {
        job,
        abort: new AbortController(),
        leaseUntil: claimedAt + leaseMs,
        renewAt: claimedAt + renewMs,
      }
      // Claimed once more although it runs: its lease had ended without a word of it here.
      const before = running.get(job.id)
      if (before !== undefined) drop(before)
      running.set(job.id, entry)
      const progress = (value: Json): void => {
        // A value that the job store would refuse must not keep it from renewing the leases.
        encodeJson('progress', value)
        entry.progress = { value }
        onNews('progress')
      }
      const control = { signal: entry.abort.signal, progress }
      void runProcessor(processor, job, control, onCrash).then((outcome) => end(entry, outcome))
    },
    renewAt: () => Math.min(Infinity, ...Array.from(running.values(), ({ renewAt }) => renewAt)),
    leaseUntil: () =>
      Math.min(Infinity, ...Array.from(running.values(), ({ leaseUntil }) => leaseUntil)),
    dropLost(now) {
      for (const entry of [...running.values()]) if (entry.leaseUntil <= now) drop(entry)
    },
    giveBack() {
      for (const entry of [...running.values()]) {
        entry.abort.abort(new JobAbortError('stopping'))
        end(entry, { to: 'scheduled', delayMs: 0, refund: true })
      }
    },
    report(now) {
      const told = ended
      ended = []
      const renewing = [...running.values()]
        .filter(({ renewAt, progress }) => renewAt <= now || progress !== undefined)
        .map((entry) => ({ entry, progress: entry.progress }))
      return {
        ended: told,
        settle: told.map(({ job: { id, token }, outcome }) => ({ id, token, outcome })),
        extend: renewing.map(({ entry: { job }, progress }) => ({
          id: job.id,
          token: job.token,
          leaseMs,
          ...(progress !== undefined && { progress: progress.value }),
        })),
        taken(extended) {
          renewing.forEach(({ entry, progress }, index) => {
            const fate = extended[index]
            if (fate === 'lost') return drop(entry)
            entry.leaseUntil = now + leaseMs
            entry.renewAt = now + renewMs
            // What was told in the meantime is still to be reported.
            if (entry.progress === progress) delete entry.progress
            if (fate === 'cancelled') entry.abort.abort(new JobAbortError('cancelled'))
          })
        },
        putBack() {
          ended = [...told, ...ended]
        },
      }
    },
  }
}
