import type { EncodedJob } from '../../../ports/job-store/job-limits.ts'
import { readNumber, toSqlText } from '../database/columns.ts'
import type { SqlDatabase, SqlRow, SqlValue } from '../database/sql-database.ts'
import { AT_POSITION, createJobFinder, positionOf, type JobFinder } from './find-jobs.ts'
import { createClaimHints, createJobIndex } from './job-index.ts'
import type { JobCounts } from './job-counts.ts'
import { createJobParts, PARTS, standsAside } from './job-parts.ts'
import type { JobSequence } from './job-position.ts'
import {
  codeOfState,
  encodeRelations,
  encodeSettings,
  hasSameRelations,
  hasSameSettings,
  JOB_COLUMNS,
  type JobRow,
} from './job-row.ts'
import { createTagTable } from './tag-table.ts'

/** What is written beside a job's row, all but the name as JSON text. */
export interface JobNotes {
  readonly error?: string
  readonly result?: string
  readonly data?: string
  readonly progress?: string
  readonly options?: string
  readonly name?: string
}

/** The table of jobs: finds them, and writes them together with what says where they stand. */
export interface JobTable extends JobFinder {
  insert(queue: string, job: JobRow, carried: EncodedJob, addedAt: number): void
  /**
   * Writes what became of `before`, which must stand as it was read.
   *
   * @returns The job as it now stands
   */
  update(queue: string, before: JobRow, after: JobRow, notes: JobNotes): JobRow
  /** A row of claims or records with its large values in place of their marks. */
  whole(queue: string, row: SqlRow): SqlRow
  remove(queue: string, job: JobRow): void
  /**
   * @returns An order number behind all jobs that are ready, or ahead of them, even after the clock
   *   was set back
   */
  nextSeq(queue: string, priority: number, ahead: boolean): number
}

const UPDATED = 'state = ?, rank = ?, token = ?, attempt = ?, cancel_requested = ?'
/**
 * Made once: a text that is put together again for each job would have to be looked at whole to
 * find its statement.
 */
const INSERT = `INSERT INTO reuse_jobs (queue, ${JOB_COLUMNS}, added_at, name, options, data)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`
const DELETE = `DELETE FROM reuse_jobs WHERE ${AT_POSITION}`
const PLAIN_UPDATE = `UPDATE reuse_jobs SET ${UPDATED} WHERE ${AT_POSITION}`

export function createJobTable(
  db: SqlDatabase,
  sequence: JobSequence,
  counts: JobCounts,
): JobTable {
  const index = createJobIndex(db)
  const parts = createJobParts(db)
  const hints = createClaimHints()
  const finder = createJobFinder(db, hints)
  const tags = createTagTable(db)
  const addedAtOf = (queue: string, job: JobRow): number =>
    readNumber(finder.read(queue, job, 'added_at') ?? { added_at: 0 }, 'added_at')

  function notedColumns(
    queue: string,
    { id, aside }: JobRow,
    { name, ...notes }: JobNotes,
  ): readonly ColumnValue[] {
    const noted = PARTS.flatMap((column) => {
      const json = notes[column]
      if (json === undefined) return []
      if (aside && !standsAside(json)) parts.drop(queue, id, column)
      return [{ column, value: parts.write(queue, id, column, json) }]
    })
    return name === undefined ? noted : [...noted, { column: 'name', value: toSqlText(name) }]
  }

  return {
    ...finder,

    insert(queue, job, carried, addedAt) {
      db.run(INSERT, [
        queue,
        codeOfState(job.state),
        job.rank,
        job.seq,
        toSqlText(job.id),
        job.token,
        job.attempt,
        Number(job.cancelRequested),
        encodeSettings(job),
        encodeRelations(job),
        addedAt,
        toSqlText(carried.name),
        parts.write(queue, job.id, 'options', carried.options),
        parts.write(queue, job.id, 'data', carried.data),
      ])
      if (job.tags !== null) tags.add(queue, job, job.tags, addedAt)
      index.moved(queue, null, job)
      counts.moved(null, job.state)
    },

    whole: (queue, row) => parts.whole(queue, row),

    update(queue, before, wanted, notes) {
      if (before.tags !== wanted.tags) {
        const addedAt = addedAtOf(queue, before)
        if (before.tags !== null) tags.remove(queue, before, before.tags, addedAt)
        if (wanted.tags !== null) tags.add(queue, wanted, wanted.tags, addedAt)
      }
      const aside = PARTS.some((part) => standsAside(notes[part] ?? ''))
      const after = aside && !wanted.aside ? { ...wanted, aside } : wanted
      const rest = [...changedColumns(before, after), ...notedColumns(queue, before, notes)]
      const sql =
        rest.length === 0
          ? PLAIN_UPDATE
          : `UPDATE reuse_jobs SET ${UPDATED}${rest.map(({ column }) => `, ${column} = ?`).join('')} WHERE ${AT_POSITION}`
      db.run(sql, [
        codeOfState(after.state),
        after.rank,
        after.token,
        after.attempt,
        Number(after.cancelRequested),
        ...rest.map(({ value }) => value),
        ...positionOf(queue, before),
      ])
      index.moved(queue, before, after)
      counts.moved(before.state, after.state)
      hints.note(queue, after)
      return after
    },

    remove(queue, job) {
      if (job.tags !== null) tags.remove(queue, job, job.tags, addedAtOf(queue, job))
      db.run(DELETE, positionOf(queue, job))
      if (job.aside) parts.drop(queue, job.id)
      index.moved(queue, job, null)
      counts.moved(job.state, null)
      hints.forget(queue, job)
    },

    nextSeq(queue, priority, ahead) {
      const furthest = finder.furthest(queue, priority, ahead) ?? 0
      const seq = sequence.next(Math.max(ahead ? -furthest : furthest, 0))
      return ahead ? -seq : seq
    },
  }
}

interface ColumnValue {
  readonly column: string
  readonly value: SqlValue
}

/** What changes only when a job takes another's place, is admitted or loses a child. */
function changedColumns(before: JobRow, after: JobRow): readonly ColumnValue[] {
  return [
    ...(after.seq === before.seq ? [] : [{ column: 'seq', value: after.seq }]),
    ...(hasSameSettings(before, after) ? [] : [{ column: 'terms', value: encodeSettings(after) }]),
    ...(hasSameRelations(before, after) ? [] : [{ column: 'ties', value: encodeRelations(after) }]),
  ]
}
