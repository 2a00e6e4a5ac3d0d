import type { Clock } from '../../ports/platform/clock.ts'
import { startStopwatch } from '../../ports/platform/deadline.ts'
import type {
  ClaimedJob,
  Exchange,
  ExchangeResult,
  Settlement,
} from '../../ports/job-store/job-store.ts'
import type { JobProcessor } from '../../ports/job-store/job-processor.ts'
import { createRunningJobs } from '../../workers/running-jobs.ts'
import { createWakeFlag } from '../../workers/wake-flag.ts'
import { chunkBySize } from './chunk-by-size.ts'
import { isPlatformFailure } from './object-caller.ts'

/** Jobs already claimed, and who runs them. */
export interface JobBatch {
  readonly jobs: readonly ClaimedJob[]
  readonly processor: JobProcessor
  /** How long the claims hold from when they were made. Renewed each third of it. */
  readonly leaseMs: number
  /** How long ago they were made. Default 0. */
  readonly lateMs?: number
  readonly clock: Clock
  /** Hands outcomes to the job store and renews leases, while the batch runs. */
  readonly exchange: (request: Exchange) => Promise<ExchangeResult>
  /**
   * Hears what a processor rejected with, and why the job store could not be reached, unless the
   * platform only ended the call. Must not throw.
   */
  readonly onError?: (error: unknown) => void
}

/** Outcomes of quick jobs, and progress, wait this long for others before they are handed in. */
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
  const { processor, leaseMs, clock, onError } = batch
  const wakeFlag = createWakeFlag(clock)
  const elapsedMs = startStopwatch(clock)
  /** When news are handed in, and before when nothing is. */
  let flushAt = Infinity
  let restUntil = 0
  const running = createRunningJobs({
    processor,
    clock,
    leaseMs,
    onNews() {
      flushAt = Math.min(flushAt, elapsedMs() + FLUSH_MS)
      wakeFlag.open()
    },
    ...(onError !== undefined && { onCrash: onError }),
  })

  function tellFailure(error: unknown): void {
    if (!isPlatformFailure(error)) onError?.(error)
  }

  /** Hands in what ended and what progress was told, and renews the leases that are due. */
  async function exchange(): Promise<void> {
    flushAt = Infinity
    const report = running.report(false)
    try {
      const [first = [], ...more] = chunks(report.settle)
      const { extended } = await batch.exchange({ settle: first, extend: report.extend })
      for (const chunk of more) await batch.exchange({ settle: chunk })
      report.taken({ extended, claimed: [] }, false)
    } catch (error) {
      tellFailure(error)
      // What was handed in nonetheless is refused as lost the second time, which harms nothing.
      report.putBack()
      restUntil = flushAt = elapsedMs() + RETRY_MS
    }
  }

  running.start(await heldJobs(batch, tellFailure))
  while (running.count > 0) {
    const now = elapsedMs()
    const nextAt = Math.max(Math.min(now + running.renewInMs(), flushAt), restUntil)
    if (now >= nextAt) await exchange()
    else await wakeFlag.wait(Math.ceil(nextAt - now))
  }
  const { settle } = running.report(false)
  // The answer is one message: what it has no room for goes ahead of it.
  const parts = chunks(settle)
  const last = parts.pop() ?? []
  try {
    for (const part of parts) await batch.exchange({ settle: part })
    return last
  } catch (error) {
    tellFailure(error)
    return settle
  }
}

/** Nothing is begun that is another's by now: what comes late is renewed first. */
async function heldJobs(
  batch: JobBatch,
  tellFailure: (error: unknown) => void,
): Promise<readonly ClaimedJob[]> {
  const { jobs, leaseMs, lateMs = 0 } = batch
  if (lateMs < leaseMs / 3) return jobs
  const extend = jobs.map(({ id, token }) => ({ id, token, leaseMs }))
  try {
    const { extended } = await batch.exchange({ extend })
    return jobs.filter((_job, index) => extended[index] === 'extended')
  } catch (error) {
    tellFailure(error)
    // Nobody knows whose they are; they are given out again when their leases end.
    return []
  }
}

function chunks(settlements: readonly Settlement[]): Settlement[][] {
  return chunkBySize(settlements, {
    ...FULL_CHUNK,
    charsOf: (settlement) => JSON.stringify(settlement).length,
  })
}
