import type { Clock } from '../../ports/platform/clock.ts'
import { JobAbortError } from '../../ports/job-store/job-abort-error.ts'
import { encodeJson } from '../../ports/job-store/job-limits.ts'
import type {
  ClaimedJob,
  Exchange,
  ExchangeResult,
  Settlement,
} from '../../ports/job-store/job-store.ts'
import type { JobOutcome } from '../../ports/job-store/job-outcome.ts'
import type { JobProcessor } from '../../ports/job-store/job-processor.ts'
import type { Json } from '../../ports/json.ts'
import { createWakeFlag } from '../../workers/wake-flag.ts'
import { runProcessor } from '../../workers/run-processor.ts'
import { chunkBySize } from './chunk-by-size.ts'

/** Jobs already claimed, and who runs them. */
export interface JobBatch {
  readonly jobs: readonly ClaimedJob[]
  readonly processor: JobProcessor
  /** How long the claims hold from now. Renewed each third of it. */
  readonly leaseMs: number
  readonly clock: Clock
  /** Hands outcomes to the job store and renews leases, while the batch runs. */
  readonly exchange: (request: Exchange) => Promise<ExchangeResult>
}

interface RunningJob {
  readonly job: ClaimedJob
  readonly abort: AbortController
  progress?: Json
}

/** Outcomes of quick jobs, and progress, wait this long for others before they are handed in ahead of the slow ones. */
const FLUSH_MS = 250
/** After a failed exchange. */
const RETRY_MS = 1000
const FULL_CHUNK = { items: 1000, chars: 4_000_000 }

/**
 * Runs all jobs at once and keeps their leases.
 *
 * @returns The outcomes that were not handed in on the way
 */
export async function runJobBatch(batch: JobBatch): Promise<readonly Settlement[]> {
  const { processor, leaseMs, clock } = batch
  const wakeFlag = createWakeFlag(clock)
  const running = new Map<string, RunningJob>()
  let finished: Settlement[] = []
  let leaseUntil = clock.now() + leaseMs
  let renewAt = clock.now() + Math.ceil(leaseMs / 3)
  let flushAt = Infinity

  function start(job: ClaimedJob): void {
    const entry: RunningJob = { job, abort: new AbortController() }
    running.set(job.id, entry)
    const finish = (outcome: JobOutcome): void => {
      // A job whose lease is lost has left `running`: what its handler says afterwards no longer counts.
      if (running.get(job.id) !== entry) return
      running.delete(job.id)
      finished.push({ id: job.id, token: job.token, outcome })
      flushAt = Math.min(flushAt, clock.now() + FLUSH_MS)
      wakeFlag.open()
    }
    const progress = (value: Json): void => {
      encodeJson('progress', value)
      entry.progress = value
      flushAt = Math.min(flushAt, clock.now() + FLUSH_MS)
      wakeFlag.open()
    }
    void runProcessor(processor, job, { signal: entry.abort.signal, progress }).then(finish)
  }

  /** Hands in what finished and what progress was told; with `renewsAll` renews the leases of all that runs. */
  async function exchange(renewsAll: boolean): Promise<void> {
    const renewing = [...running.values()].filter(
      ({ progress }) => renewsAll || progress !== undefined,
    )
    const settle = finished
    finished = []
    flushAt = Infinity
    const startedAt = clock.now()
    try {
      const [first = [], ...more] = chunks(settle)
      const { extended } = await batch.exchange({
        settle: first,
        extend: renewing.map(({ job, progress }) => ({
          id: job.id,
          token: job.token,
          leaseMs,
          ...(progress !== undefined && { progress }),
        })),
      })
      for (const chunk of more) await batch.exchange({ settle: chunk })
      if (renewsAll) {
        leaseUntil = startedAt + leaseMs
        renewAt = startedAt + Math.ceil(leaseMs / 3)
      }
      renewing.forEach((entry, index) => {
        delete entry.progress
        if (extended[index] === 'lost') drop(entry)
        if (extended[index] === 'cancelled') entry.abort.abort(new JobAbortError('cancelled'))
      })
    } catch {
      // What was handed in nonetheless is refused as lost the second time, which harms nothing.
      finished = [...settle, ...finished]
      renewAt = clock.now() + RETRY_MS
      flushAt = renewAt
    }
  }

  function drop(entry: RunningJob): void {
    running.delete(entry.job.id)
    entry.abort.abort(new JobAbortError('lease_lost'))
  }

  for (const job of batch.jobs) start(job)
  while (running.size > 0) {
    const now = clock.now()
    if (now >= leaseUntil) for (const entry of [...running.values()]) drop(entry)
    else if (now >= renewAt) await exchange(true)
    else if (now >= flushAt) await exchange(false)
    else await wakeFlag.wait(Math.min(renewAt, flushAt, leaseUntil) - now)
  }
  const last = chunks(finished)
  finished = last.slice(0, -1).flat()
  if (finished.length > 0) await exchange(false)
  return [...finished, ...(last.at(-1) ?? [])]
}

function chunks(settlements: readonly Settlement[]): Settlement[][] {
  return chunkBySize(settlements, {
    ...FULL_CHUNK,
    charsOf: (settlement) => JSON.stringify(settlement).length,
  })
}
