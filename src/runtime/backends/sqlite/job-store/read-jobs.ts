import { checkPageLimit } from '../../../ports/job-store/job-limits.ts'
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
} from '../../../ports/job-store/job-state.ts'
import { codeOfState, jobRecordOf, jobRowOf, RECORD_COLUMNS } from './job-row.ts'
import type { JobContext } from './job-context.ts'
import { readNumber, toSqlText } from '../database/columns.ts'
import type { SqlValue } from '../database/sql-database.ts'

/** Each reads with one statement, so that its answer is of one moment. */
export function getJob(
  { jobs, clock }: Pick<JobContext, 'jobs' | 'clock'>,
  queue: string,
  id: string,
): JobRecord | null {
  const row = jobs.find(queue, id, RECORD_COLUMNS)
  return row === undefined || isForgotten(jobRowOf(row), clock.now()) ? null : jobRecordOf(row)
}

/** @throws RangeError when the limit is out of range or the cursor is none of this job store's */
export function listJobs(
  { db, clock }: Pick<JobContext, 'db' | 'clock'>,
  queue: string,
  { state, cursor, limit = 100 }: ListJobsOptions,
): JobPage {
  checkPageLimit(limit)
  const latestFirst = isFinished(state)
  const where = ['queue = ?', 'state = ?']
  const params: SqlValue[] = [queue, codeOfState(state)]
  if (latestFirst && state !== 'parked') {
    where.push('rank > ?')
    params.push(clock.now())
  }
  if (cursor !== undefined) {
    where.push(`(rank, seq, id) ${latestFirst ? '<' : '>'} (?, ?, ?)`)
    params.push(...positionOfCursor(cursor))
  }
  const order = latestFirst ? 'DESC' : 'ASC'
  const rows = db.run(
    `SELECT ${RECORD_COLUMNS} FROM reuse_jobs WHERE ${where.join(' AND ')}
     ORDER BY rank ${order}, seq ${order}, id ${order} LIMIT ?`,
    [...params, limit + 1],
  )
  const last = rows.length > limit ? rows[limit - 1] : undefined
  return {
    jobs: rows.slice(0, limit).map(jobRecordOf),
    cursor: last === undefined ? null : cursorOf(jobRowOf(last)),
  }
}

export function countJobs(
  { db, clock }: Pick<JobContext, 'db' | 'clock'>,
  queue: string,
): QueueCounts {
  const rows = db.run(
    `SELECT state, count(*) AS jobs FROM reuse_jobs
     WHERE queue = ? AND (state NOT IN (${FORGETFUL}) OR rank > ?) GROUP BY state
     UNION ALL SELECT -1, count(*) FROM reuse_paused_queues WHERE queue = ?`,
    [queue, clock.now(), queue],
  )
  const counted = new Map(rows.map((row) => [readNumber(row, 'state'), readNumber(row, 'jobs')]))
  const counts = JOB_STATES.map((state) => [state, counted.get(codeOfState(state)) ?? 0])
  // Every state is there, each with a number.
  return { ...Object.fromEntries(counts), paused: counted.get(-1) === 1 } as QueueCounts
}

/** The states whose records are forgotten once their rank has come. */
const FORGETFUL = JOB_STATES.filter(hasEnded).map(codeOfState).join(', ')

function cursorOf({ rank, seq, id }: ReturnType<typeof jobRowOf>): string {
  return `${rank} ${seq} ${toSqlText(id)}`
}

function positionOfCursor(cursor: string): [rank: number, seq: number, id: string] {
  const [, rank, seq, id] = /^(\d{1,16}) (-?\d{1,16}) (.+)$/s.exec(cursor) ?? []
  if (rank === undefined || seq === undefined || id === undefined)
    throw new RangeError('Cannot list jobs: the cursor is malformed, one of a page before expected')
  return [Number(rank), Number(seq), id]
}
