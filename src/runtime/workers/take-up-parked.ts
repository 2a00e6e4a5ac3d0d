import { readThrown } from '../../primitives/read-thrown.ts'
import type { JobProcessor } from '../ports/job-store/job-processor.ts'
import type { JobRecord, QueueStore } from '../ports/job-store/job-store.ts'
import type { Clock } from '../ports/platform/clock.ts'
import { isLeftToOthers } from './leave-to-others.ts'

/** Parked jobs that are looked at in one go, and jobs that wait for their time. */
const PARKED = 1000
const SCHEDULED = 100
/** Then ever more seldom, while none are found. */
const FIRST_LOOK_MS = 1000
const LAST_LOOK_MS = 300_000

/** Takes up what workers of another deploy did not know and `processor` knows. */
export interface TakeUp {
  /**
   * Looks once.
   *
   * @returns How many jobs were taken up
   */
  look(): Promise<number>
  /**
   * Looks at once, and then for what is parked: each five minutes at least, more often just after a
   * start and while jobs are found.
   *
   * @param onTaken Hears that there is something to run
   * @returns Stops looking
   */
  keepLooking(clock: Clock, onTaken: () => void): () => void
}

export function createTakeUp(
  processor: Pick<JobProcessor, 'knows'>,
  jobStore: Pick<QueueStore, 'list' | 'command'>,
): TakeUp {
  async function lookAt(state: 'parked' | 'scheduled', limit: number): Promise<number> {
    const { jobs } = await jobStore.list({ state, limit })
    const taken = jobs.filter((job) => isTaken(job) || (state === 'parked' && hadNoRunner(job)))
    if (taken.length === 0) return 0
    return jobStore.command({ type: 'promote', ids: taken.map(({ id }) => id) })
  }

  const lookAtParked = (): Promise<number> => lookAt('parked', PARKED)
  // What was left to others is looked at again within seconds, so that it is among the first.
  const look = async (): Promise<number> =>
    (await lookAtParked()) + (await lookAt('scheduled', SCHEDULED))

  function isTaken(job: JobRecord): boolean {
    return isLeftToOthers(job.lastError) && processor.knows?.(job) === true
  }

  return {
    look,
    keepLooking(clock, onTaken) {
      let stopped = false
      let waitMs = FIRST_LOOK_MS
      let cancel = (): void => undefined
      const lookAgain = async (once: () => Promise<number>): Promise<void> => {
        // A job store that cannot be reached is the worker's to report.
        const taken = await once().catch(() => 0)
        if (stopped) return
        if (taken > 0) onTaken()
        const inMs = taken > 0 ? FIRST_LOOK_MS : waitMs
        cancel = clock.setTimer(() => void lookAgain(lookAtParked), inMs)
        waitMs = taken > 0 ? FIRST_LOOK_MS : Math.min(waitMs * 3, LAST_LOOK_MS)
      }
      void lookAgain(look)
      return () => {
        stopped = true
        cancel()
      }
    },
  }
}

/** Whoever looks runs the queue, so that its jobs are no longer without a runner. */
function hadNoRunner({ lastError }: JobRecord): boolean {
  return readThrown(lastError).code === 'no_runner'
}
