import { checkOptions } from '../../primitives/check-options.ts'
import type { ListJobsOptions } from '../../runtime/ports/job-store/job-store.ts'
import { JOB_STATES, type JobState } from '../../runtime/ports/job-store/job-state.ts'
import { checkJobState } from './check-job-id.ts'

/** Which jobs are meant: those that fit all that is given. */
export interface JobQuery {
  readonly state?: JobState
  /** The kind of job, whole. */
  readonly name?: string
  /** One of its tags, whole. */
  readonly tag?: string
  /** How its id begins. */
  readonly idPrefix?: string
  /** Added at or after, ms since 1970 or a Date. */
  readonly since?: number | Date
  /** And before. Default: up to now. */
  readonly until?: number | Date
}

/** A page of them. */
export interface JobPageQuery extends JobQuery {
  /** 1 to 1,000. Default 100. */
  readonly limit?: number
  /** Of the page before. */
  readonly cursor?: string
}

export const JOB_QUERY = ['state', 'name', 'tag', 'idPrefix', 'since', 'until'] as const
const LATEST = 1e15

/**
 * Checks what jobs are meant; the job store checks the texts.
 *
 * @param action What cannot be done without it, as in `list jobs`
 * @param others Options that may be there besides
 * @returns A copy, with instants in ms
 * @throws RangeError when a part is out of range; TypeError when there is one of another name
 */
export function readJobQuery(
  action: string,
  query: JobPageQuery,
  others: readonly string[] = [],
): ListJobsOptions {
  checkOptions(action, query, [], [...JOB_QUERY, ...others] as readonly (keyof JobQuery)[])
  const { state, since, until, cursor } = query
  if (state !== undefined) checkJobState(action, state, JOB_STATES)
  if (cursor !== undefined && typeof cursor !== 'string')
    throw new RangeError(`Cannot ${action}: the cursor is none of a page`)
  const instants = {
    since: since === undefined ? since : instantOf(action, 'since', since),
    until: until === undefined ? until : instantOf(action, 'until', until),
  }
  const parts = Object.entries({ ...query, ...instants }).filter(([, part]) => part !== undefined)
  // Their names were checked above.
  return Object.fromEntries(parts)
}

/** @returns Whole ms since 1970 */
function instantOf(action: string, name: string, instant: number | Date): number {
  const ms = instant instanceof Date ? instant.getTime() : instant
  if (typeof ms === 'number' && ms >= 0 && ms < LATEST) return Math.ceil(ms)
  throw new RangeError(`Cannot ${action}: ${name} is no instant, ms since 1970 or a Date expected`)
}
