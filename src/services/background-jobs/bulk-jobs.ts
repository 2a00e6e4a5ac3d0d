import { checkOptions } from '../../primitives/check-options.ts'
import { checkInteger } from '../../primitives/check-range.ts'
import type { ListJobsOptions, QueueStore } from '../../runtime/ports/job-store/job-store.ts'
import { isFinished, JOB_STATES, type JobState } from '../../runtime/ports/job-store/job-state.ts'
import { JOB_QUERY, readJobQuery, type JobQuery } from './job-query.ts'

/** What can be done to all the jobs that fit a query. */
export type JobAction = 'retry' | 'cancel' | 'promote' | 'remove'

/** How much {@link bulkJobs} does at once. */
export interface BulkOptions {
  /** Jobs that are acted on at most, 1 to 100,000. Default 10,000. */
  readonly limit?: number
  /** Of the call before, to go on where it ended. */
  readonly cursor?: string
  /** Stops between two steps. */
  readonly signal?: AbortSignal
}

/** What {@link bulkJobs} did. */
export interface BulkResult {
  /** Jobs that fitted. */
  readonly matched: number
  /** Jobs that changed, those included that others took with them. */
  readonly changed: number
  /** Goes on from here; `null` where there are no more. */
  readonly cursor: string | null
}

/** What {@link countJobs} is asked. */
export interface JobCountQuery extends JobQuery {
  /** Counts only what this would change. Default: all that fit. */
  readonly action?: JobAction
  /** Counts no further than this, 1 to 100,000. Default 10,000. */
  readonly limit?: number
}

/** How many jobs fit: so many, or at least so many where not all were looked at. */
export interface JobCount {
  readonly count: number
  /** Whether that is all. */
  readonly complete: boolean
}

const MOST = 100_000
const DEFAULT_LIMIT = 10_000
const PAGE = 500
/** Store calls of one count, each of which looks at 1,000 jobs at most; as many of one bulk act. */
const MOST_PAGES = 20

const WAITING = JOB_STATES.filter((state) => !isFinished(state))
/**
 * The states of the jobs that each changes where the query names none. Completed ones are run again
 * by name only.
 */
const STATES_OF: Readonly<Record<JobAction, readonly JobState[]>> = {
  retry: ['dead'],
  cancel: [...WAITING, 'parked'],
  promote: ['scheduled', 'parked'],
  remove: JOB_STATES.filter((state) => state !== 'active'),
}

/**
 * Does one thing to all the jobs that fit, step by step.
 *
 * @param act Does it to these, and answers how many changed
 * @throws RangeError when the action is none, or a part of the query is out of range
 */
export async function bulkJobs(
  jobStore: Pick<QueueStore, 'find'>,
  act: (ids: readonly string[]) => Promise<number>,
  action: JobAction,
  query: JobQuery,
  options: BulkOptions = {},
): Promise<BulkResult> {
  const verb = `${checkAction(action)} jobs`
  const filter = filterOf(verb, query, action)
  checkOptions(verb, options, [], ['limit', 'cursor', 'signal'])
  const { limit = DEFAULT_LIMIT, signal } = options
  checkInteger(verb, 'limit', limit, 1, MOST)
  let cursor: string | null = options.cursor ?? null
  let [matched, changed, pages] = [0, 0, 0]
  do {
    const page = await jobStore.find({
      ...filter,
      limit: Math.min(PAGE, limit - matched),
      ...(cursor !== null && { cursor }),
    })
    if (page.ids.length > 0) changed += await act(page.ids)
    matched += page.ids.length
    cursor = page.cursor
    pages++
  } while (cursor !== null && matched < limit && pages < MOST_PAGES && signal?.aborted !== true)
  return { matched, changed, cursor }
}

/** Counts the jobs that fit, as far as a bounded number of looks goes. Errors as the store's. */
export async function countJobs(
  jobStore: QueueStore,
  query: JobCountQuery = {},
): Promise<JobCount> {
  const count = 'count jobs'
  checkOptions(count, query, [], [...JOB_QUERY, 'action', 'limit'])
  const { action, limit = DEFAULT_LIMIT, ...rest } = query
  if (action !== undefined) checkAction(action)
  checkInteger(count, 'limit', limit, 1, MOST)
  const filter = filterOf(count, rest, action)
  const states = statesCounted(filter)
  if (states !== null) {
    const counts = await jobStore.counts()
    const all = states.reduce((sum, state) => sum + counts[state], 0)
    return { count: Math.min(all, limit), complete: all <= limit }
  }
  let found = 0
  let cursor: string | null = null
  for (let pages = 0; pages < MOST_PAGES && found < limit; pages++) {
    const page = await jobStore.find({
      ...filter,
      limit: Math.min(1000, limit - found),
      ...(cursor !== null && { cursor }),
    })
    found += page.ids.length
    cursor = page.cursor
    if (cursor === null) return { count: found, complete: true }
  }
  return { count: found, complete: false }
}

/** @throws RangeError when it is none */
function checkAction(action: JobAction): JobAction {
  if (Object.hasOwn(STATES_OF, action)) return action
  throw new RangeError(
    `Cannot change jobs: the action is none of ${Object.keys(STATES_OF).join(', ')}`,
  )
}

function filterOf(
  verb: string,
  query: JobQuery,
  action: JobAction | undefined,
): Omit<ListJobsOptions, 'limit' | 'cursor'> {
  const filter = readJobQuery(verb, query)
  if (action === undefined || filter.state !== undefined) return filter
  return { ...filter, states: STATES_OF[action] }
}

/** The states that are asked for where nothing else is: these are counted already. */
function statesCounted({ state, states, ...rest }: ListJobsOptions): readonly JobState[] | null {
  if (Object.keys(rest).length > 0) return null
  return states ?? (state === undefined ? JOB_STATES : [state])
}
