import { checkFunctions, checkOptions, checkSignal } from '../../primitives/check-options.ts'
import { checkInteger, checkNumber } from '../../primitives/check-range.ts'
import { settledOrAborted } from '../../primitives/settled-or-aborted.ts'
import type { Clock } from '../../runtime/ports/platform/clock.ts'
import type { JobRecord, QueueStore } from '../../runtime/ports/job-store/job-store.ts'
import { checkJobState } from './check-job-id.ts'
import { JOB_QUERY, readJobQuery, type JobQuery } from './job-query.ts'

/** Which finished jobs run again, and how fast. */
export interface RedriveOptions extends Omit<JobQuery, 'state'> {
  /** Default `dead`. */
  readonly state?: 'dead' | 'cancelled' | 'parked' | 'completed'
  /**
   * Only jobs for which this answers true, of those that fit the rest. Default: all. A parent takes
   * the children with it that failed it, whatever this says of them.
   */
  readonly filter?: (job: JobRecord) => Promise<boolean> | boolean
  /** At most so many, 1 or more, and what the last of them take with them. Default 10,000. */
  readonly limit?: number
  /**
   * Jobs a second, so that what they depend on is not run over. 0.000001 or more, default 100;
   * `Infinity` for all at once.
   */
  readonly perSecond?: number
  /** Stops in between. */
  readonly signal?: AbortSignal
}

const PAGE = 100
const REDRIVE = 'redrive jobs'
/** One in about 12 days. */
const SLOWEST = 1e-6

/**
 * Gives finished jobs all their attempts again.
 *
 * @param retry Does so with some of them, and answers how many
 * @returns How many
 */
export async function redriveJobs(
  jobStore: Pick<QueueStore, 'list'>,
  retry: (ids: readonly string[]) => Promise<number>,
  clock: Clock,
  options: RedriveOptions = {},
): Promise<number> {
  checkOptions(REDRIVE, options, [], [...JOB_QUERY, 'filter', 'limit', 'perSecond', 'signal'])
  checkSignal(REDRIVE, options.signal)
  const { filter = () => true, limit = 10_000, perSecond = 100, ...rest } = options
  const { signal = new AbortController().signal, ...query } = rest
  checkInteger(REDRIVE, 'limit', limit, 1, Number.MAX_SAFE_INTEGER)
  checkNumber(REDRIVE, 'perSecond', perSecond, SLOWEST, Infinity)
  const { state = 'dead' } = query
  checkJobState(REDRIVE, state, ['dead', 'cancelled', 'parked', 'completed'])
  checkFunctions(REDRIVE, { filter })
  const wantedJobs = readJobQuery(REDRIVE, { ...query, state })
  // What depends on them gets no more of them in any second.
  const atOnce = Math.min(PAGE, Math.max(1, Math.floor(perSecond)))
  let redriven = 0
  let cursor: string | null = null
  do {
    const page: Awaited<ReturnType<QueueStore['list']>> = await jobStore.list({
      ...wantedJobs,
      limit: PAGE,
      ...(cursor !== null && { cursor }),
    })
    const looking = Promise.all(page.jobs.map(async (job) => filter(job)))
    await settledOrAborted(looking, signal)
    if (signal.aborted) break
    const wanted = await looking
    const ids = page.jobs
      .filter((_job, index) => wanted[index] === true)
      .slice(0, Math.max(limit - redriven, 0))
      .map(({ id }) => id)
    cursor = page.cursor
    for (let start = 0; start < ids.length && !signal.aborted; start += atOnce) {
      const some = ids.slice(start, start + atOnce)
      redriven += await retry(some)
      const isLast = start + atOnce >= ids.length && (cursor === null || redriven >= limit)
      if (!isLast && perSecond < Infinity)
        await wait(clock, (some.length * 1000) / perSecond, signal)
    }
  } while (cursor !== null && redriven < limit && !signal.aborted)
  return redriven
}

async function wait(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const cancel = clock.setTimer(resolve, ms)
  await settledOrAborted(promise, signal)
  cancel()
}
