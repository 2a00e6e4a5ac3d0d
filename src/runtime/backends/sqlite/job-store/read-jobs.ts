import { JOB_LIMITS } from '../../../ports/job-store/job-limits.ts'
import type {
  JobPage,
  JobRecord,
  ListJobsOptions,
  QueueCounts,
} from '../../../ports/job-store/job-store.ts'
import {
  hasEnded,
  isFinished,
  isForgotten,
  JOB_STATES,
  type JobState,
} from '../../../ports/job-store/job-state.ts'
import { checkSearch } from '../../../ports/job-store/job-search.ts'
import { charsOf, hasMarks } from './job-parts.ts'
import {
  codeOfState,
  jobRecordOf,
  jobRowOf,
  RECORD_COLUMNS,
  WHOLE_RECORD_COLUMNS,
} from './job-row.ts'
import type { JobContext } from './job-context.ts'
import { cursorOfPlace, placeOfCursor } from './list-cursor.ts'
import { searchJobs } from './search-jobs.ts'
import { readNumber } from '../database/columns.ts'
import type { SqlRow, SqlValue } from '../database/sql-database.ts'

/** Each reads with one statement, so that its answer is of one moment. */
export function getJob(
  { jobs, clock }: Pick<JobContext, 'jobs' | 'clock'>,
  queue: string,
  id: string,
): JobRecord | null {
  const row = jobs.find(queue, id, WHOLE_RECORD_COLUMNS)
  return row === undefined || isForgotten(jobRowOf(row), clock.now()) ? null : jobRecordOf(row)
}

/** @throws RangeError when the limit is out of range or the cursor is none of this job store's */
export function listJobs(
  { db, clock, jobs }: Pick<JobContext, 'db' | 'clock' | 'jobs'>,
  queue: string,
  options: ListJobsOptions,
): JobPage {
  const isPlain = checkSearch(options)
  const { state, cursor, limit = 100 } = options
  if (!isPlain || state === undefined) return searchJobs({ db, clock, jobs }, queue, options)
  const latestFirst = isFinished(state)
  const where = ['queue = ?', 'state = ?']
  const params: SqlValue[] = [queue, codeOfState(state)]
  if (latestFirst && state !== 'parked') {
    where.push('rank > ?')
    params.push(clock.now())
  }
  if (cursor !== undefined) {
    where.push(`(rank, seq, id) ${latestFirst ? '<' : '>'} (?, ?, ?)`)
    params.push(...placeOfCursor(cursor))
  }
  const order = latestFirst ? 'DESC' : 'ASC'
  const rows = db.run(
    `SELECT ${RECORD_COLUMNS} FROM reuse_jobs WHERE ${where.join(' AND ')}
     ORDER BY rank ${order}, seq ${order}, id ${order} LIMIT ?`,
    [...params, limit + 1],
  )
  const page = rows.slice(0, fitting(rows.slice(0, limit)))
  const last = rows.length > page.length ? page.at(-1) : undefined
  return {
    jobs: page.flatMap((row) => {
      if (!hasMarks(row)) return [jobRecordOf(row)]
      // Another process may have moved it meanwhile; then it is in this state no more.
      const whole = jobs.read(queue, jobRowOf(row), WHOLE_RECORD_COLUMNS)
      return whole === undefined ? [] : [jobRecordOf(whole)]
    }),
    cursor: last === undefined ? null : cursorOfPlace(jobRowOf(last)),
  }
}

/** How many of these rows fit into one answer: one at least, if there is any. */
function fitting(rows: readonly SqlRow[]): number {
  let chars = 0
  const over = rows.findIndex((row, index) => {
    chars += charsOf(row)
    return index > 0 && chars > JOB_LIMITS.replyBytes
  })
  return over === -1 ? rows.length : over
}

/**
 * Reads none of the jobs but the records whose time is over, of which each exchange drops some.
 *
 * On a file that others write, jobs may move between the statements.
 */
export function countJobs(
  { db, clock, counts }: Pick<JobContext, 'db' | 'clock' | 'counts'>,
  queue: string,
): QueueCounts {
  const all = counts.all(queue)
  const [row] = db.run(FORGOTTEN, [queue, clock.now()])
  const known = JOB_STATES.map((state): [JobState, number] => {
    const count = all[codeOfState(state)] ?? 0
    const forgotten = row !== undefined && hasEnded(state) ? readNumber(row, state) : 0
    return [state, Math.max(count - forgotten, 0)]
  })
  const paused = row !== undefined && readNumber(row, 'paused') === 1
  // Every state is there, each with a number.
  return { ...Object.fromEntries(known), paused } as QueueCounts
}

/** How many records of each state are forgotten, since their rank has come. */
const FORGOTTEN = `SELECT
  EXISTS (SELECT 1 FROM reuse_paused_queues WHERE queue = asked.queue) AS paused,
  ${JOB_STATES.filter(hasEnded)
    .map(
      (state) =>
        `(SELECT count(*) FROM reuse_jobs WHERE queue = asked.queue AND state = ${codeOfState(state)} AND rank <= asked.now) AS ${state}`,
    )
    .join(',\n  ')}
  FROM (SELECT ? AS queue, ? AS now) AS asked`
