import type { Clock } from '../ports/clock.ts'
import { JobAbortError } from '../ports/job-abort-error.ts'
import { checkExchange, encodeJson } from '../ports/job-limits.ts'
import type {
  ClaimedJob,
  Exchange,
  ExchangeResult,
  JobOutcome,
  Settlement,
} from '../ports/job-ledger.ts'
import type { JobControl, JobProcessor } from '../ports/job-processor.ts'
import type { Json } from '../ports/json.ts'
import { chunkBySize } from './chunk-by-size.ts'
import { createLatch } from './latch.ts'

/** Jobs already claimed, and who runs them. */
export interface JobBatch {
  readonly jobs: readonly ClaimedJob[]
  readonly processor: JobProcessor
  /** How long the claims hold from now. Renewed each third of it. */
  readonly leaseMs: number
  readonly clock: Clock
  /** Hands outcomes to the ledger and renews leases, while the batch runs. */
  readonly exchange: (request: Exchange) => Promise<ExchangeResult>
}

interface RunningJob {
  readonly job: ClaimedJob
  readonly abort: AbortController
  progress?: Json
}

/** Outcomes of quick jobs wait this long for others before they are handed in ahead of the slow ones. */
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
  const latch = createLatch(clock)
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
      finished.push({ id: job.id, token: job.token, outcome: checkOutcome(outcome) })
      flushAt = Math.min(flushAt, clock.now() + FLUSH_MS)
      latch.open()
    }
    const progress = (value: Json): void => {
      encodeJson('progress', value)
      entry.progress = value
    }
    void attempt(processor, job, { signal: entry.abort.signal, progress }).then(finish, () =>
      finish(outcomeOfCrash(job)),
    )
  }

  /** Hands in what finished, and with `renewing` renews the leases of what runs. */
  async function exchange(renewing: readonly RunningJob[]): Promise<void> {
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
      if (renewing.length === 0) return
      leaseUntil = startedAt + leaseMs
      renewAt = startedAt + Math.ceil(leaseMs / 3)
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
    else if (now >= renewAt) await exchange([...running.values()])
    else if (now >= flushAt) await exchange([])
    else await latch.wait(Math.min(renewAt, flushAt, leaseUntil) - now)
  }
  const last = chunks(finished)
  finished = last.slice(0, -1).flat()
  if (finished.length > 0) await exchange([])
  return [...finished, ...(last.at(-1) ?? [])]
}

/** Makes a throw before the first await a rejection like any other. */
async function attempt(
  processor: JobProcessor,
  job: ClaimedJob,
  control: JobControl,
): Promise<JobOutcome> {
  return processor.process(job, control)
}

/** A processor that rejects is a bug or a crash: wait longer each time, then give up. */
function outcomeOfCrash(job: ClaimedJob): JobOutcome {
  const error = {
    code: 'processor_failed',
    message: 'The processor rejected instead of answering with an outcome',
  }
  if (job.attempt >= job.maxAttempts) return { to: 'dead', error }
  return { to: 'scheduled', delayMs: Math.min(1000 * 2 ** job.attempt, 3_600_000), error }
}

/** An outcome that the ledger would refuse would keep the outcomes beside it from being taken. */
function checkOutcome(outcome: JobOutcome): JobOutcome {
  try {
    checkExchange({ settle: [{ id: '', token: 0, outcome }] })
    if (outcome.to === 'completed') encodeJson('result', outcome.result ?? null)
    if ('error' in outcome) encodeJson('error', outcome.error ?? null)
    if ('data' in outcome) encodeJson('data', outcome.data ?? null)
    return outcome
  } catch (error) {
    const message = error instanceof RangeError ? error.message : 'The outcome is not JSON'
    return { to: 'dead', error: { code: 'outcome_refused', message } }
  }
}

function chunks(settlements: readonly Settlement[]): Settlement[][] {
  return chunkBySize(settlements, {
    ...FULL_CHUNK,
    charsOf: (settlement) => JSON.stringify(settlement).length,
  })
}
