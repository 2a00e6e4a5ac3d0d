import {
  placeOfTagCursor,
  searchPage,
  statesOf,
  tagCursorOf,
  type JobGlance,
  type JobIdPage,
} from '../../../ports/job-store/job-search.ts'
import type { JobPage, JobRecord, ListJobsOptions } from '../../../ports/job-store/job-store.ts'
import { hasEnded, isFinished, isForgotten } from '../../../ports/job-store/job-state.ts'
import { readNumber, readText, toSqlText } from '../database/columns.ts'
import type { SqlDatabase, SqlRow, SqlValue } from '../database/sql-database.ts'
import { charsOf } from './job-parts.ts'
import { codeOfState, JOB_COLUMNS, jobRecordOf, jobRowOf, WHOLE_RECORD_COLUMNS } from './job-row.ts'
import type { JobContext } from './job-context.ts'
import { cursorOfPlace, placeOfCursor } from './list-cursor.ts'

type Searched = Pick<JobContext, 'db' | 'clock' | 'jobs'>

/** What is read of each job that is looked at. */
const GLANCE = 'state, rank, seq, id, name, added_at'
/** Rows of one statement: as many as the page may need, then twice as many, up to so many. */
const MOST_ROWS = 250

/** The jobs that a search finds, whole. */
export function searchJobs(context: Searched, queue: string, options: ListJobsOptions): JobPage {
  const { clock, jobs } = context
  const isBound = (options.state ?? options.states) !== undefined
  const { found, cursor } = searchPage<JobRecord>(
    options,
    candidatesOf(context, queue, options),
    ({ id, state }) => {
      const row = jobs.find(queue, id, WHOLE_RECORD_COLUMNS)
      if (row === undefined || isForgotten(jobRowOf(row), clock.now())) return null
      const job = jobRecordOf(row)
      // Another process may have moved it meanwhile.
      return isBound && job.state !== state ? null : { job, chars: charsOf(row) }
    },
  )
  return { jobs: found, cursor }
}

/** The ids of the jobs that a search finds. */
export function findJobs(context: Searched, queue: string, options: ListJobsOptions): JobIdPage {
  const candidates = candidatesOf(context, queue, options)
  const { found, cursor } = searchPage(options, candidates, ({ id }) => ({ job: id, chars: 0 }))
  return { ids: found, cursor }
}

function candidatesOf(
  context: Searched,
  queue: string,
  options: ListJobsOptions,
): Iterable<JobGlance> {
  return options.tag === undefined
    ? inStates(context, queue, options)
    : withTag(context, queue, options.tag, options)
}

function* inStates(
  { db, clock }: Searched,
  queue: string,
  options: ListJobsOptions,
): Generator<JobGlance> {
  const { states, cursor, cursorIn } = statesOf(options)
  let after = cursor === undefined ? null : placeOfCursor(cursor)
  let most = firstRows(options)
  for (const state of states) {
    const latestFirst = isFinished(state)
    const order = latestFirst ? 'DESC' : 'ASC'
    for (let isMore = true; isMore; most = moreRows(most)) {
      const where = ['queue = ?', 'state = ?']
      const params: SqlValue[] = [queue, codeOfState(state)]
      if (hasEnded(state)) {
        where.push('rank > ?')
        params.push(clock.now())
      }
      if (after !== null) {
        where.push(`(rank, seq, id) ${latestFirst ? '<' : '>'} (?, ?, ?)`)
        params.push(...after)
      }
      const rows = db.run(
        `SELECT ${GLANCE} FROM reuse_jobs WHERE ${where.join(' AND ')}
         ORDER BY rank ${order}, seq ${order}, id ${order} LIMIT ${most}`,
        params,
      )
      isMore = rows.length === most
      for (const row of rows) {
        const place = { rank: readNumber(row, 'rank'), seq: readNumber(row, 'seq') }
        const id = readText(row, 'id')
        after = [place.rank, place.seq, toSqlText(id)]
        yield {
          ...{ id, state, name: row['name'], addedAt: readNumber(row, 'added_at') },
          cursor: cursorIn(state, cursorOfPlace({ ...place, id })),
        }
      }
    }
    after = null
  }
}

/** Latest added first, in any state: where a job stands under its tag never changes. */
function* withTag(
  { db, clock, jobs }: Searched,
  queue: string,
  tag: string,
  options: ListJobsOptions,
): Generator<JobGlance> {
  const { cursor, since = 0, until = Number.MAX_SAFE_INTEGER } = options
  let after = placeOfTagCursor(cursor) ?? { addedAt: until, id: '' }
  let most = firstRows(options)
  for (let isMore = true; isMore; most = moreRows(most)) {
    const rows = readTagged(db, most, [
      ...[queue, tag, since, until],
      ...[after.addedAt, toSqlText(after.id)],
    ])
    isMore = rows.length === most
    for (const tagged of rows) {
      const id = readText(tagged, 'id')
      const addedAt = readNumber(tagged, 'added_at')
      after = { addedAt, id }
      const row = jobs.find(queue, id, `${JOB_COLUMNS}, added_at, name`)
      // What a version that knew no tags removed may have left its row here.
      const isThere = row !== undefined && readNumber(row, 'added_at') === addedAt
      const job = isThere ? jobRowOf(row) : null
      const isHidden = job === null || isForgotten(job, clock.now())
      yield {
        ...{ id, addedAt, name: row?.['name'], cursor: tagCursorOf(after) },
        state: isHidden ? null : job.state,
      }
    }
  }
}

/** One more than a page says whether it is the last. */
function firstRows({ limit = 100 }: ListJobsOptions): number {
  return Math.min(limit + 1, MOST_ROWS)
}

function moreRows(rows: number): number {
  return Math.min(2 * rows, MOST_ROWS)
}

function readTagged(db: SqlDatabase, most: number, params: readonly SqlValue[]): readonly SqlRow[] {
  return db.run(
    `SELECT added_at, id FROM reuse_job_tags
     WHERE queue = ? AND tag = ? AND added_at >= ? AND added_at < ? AND (added_at, id) < (?, ?)
     ORDER BY added_at DESC, id DESC LIMIT ${most}`,
    [...params],
  )
}
