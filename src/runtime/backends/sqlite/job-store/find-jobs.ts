import type { JobState } from '../../../ports/job-store/job-state.ts'
import { readNumberOrNull, readText, toSqlText } from '../database/columns.ts'
import type { SqlDatabase, SqlRow, SqlValue } from '../database/sql-database.ts'
import { POSITION_OF_ID, POSITION_OF_NEXT_HELD, type ClaimHints } from './job-index.ts'
import { positionOfJobId } from './job-position.ts'
import { CLAIM_COLUMNS, codeOfState, JOB_COLUMNS, jobRowOf, type JobRow } from './job-row.ts'

/** Finds jobs in their table, each access a seek of its primary key. */
export interface JobFinder {
  /** One statement, so that the answer is of one moment even outside a transaction. */
  find(queue: string, id: string, columns: string): SqlRow | undefined
  /** The jobs among `ids` that are active. */
  findActive(queue: string, ids: Iterable<string>): Map<string, JobRow>
  /** Jobs whose rank is after `after` and not after `until`, earliest first. */
  due(
    queue: string,
    state: JobState,
    range: { readonly after?: number; readonly until?: number },
    limit: number,
  ): readonly JobRow[]
  /** The job of a group that is the next to be admitted. */
  firstHeld(queue: string, group: string): JobRow | undefined
  /** What stands beside the row of `job`, which must stand as it was read. */
  read(queue: string, job: JobRow, columns: string): SqlRow | undefined
  /** The jobs of a state in their order. */
  first(queue: string, state: JobState, limit: number): readonly SqlRow[]
  /**
   * The furthest order number among the ready jobs of a priority: the last, or ahead of all the
   * first.
   */
  furthest(queue: string, priority: number, ahead: boolean): number | null
  /** The names of all queues that hold jobs. */
  queues(): readonly string[]
}

/** The primary key of a job, whose values are {@link positionOf} it. */
export const AT_POSITION = 'queue = ? AND state = ? AND rank = ? AND seq = ? AND id = ?'
const AT_INDEXED_POSITION = `(queue, state, rank, seq, id) = (${POSITION_OF_ID})`
/** Ids looked for in one statement: below the 100 parameters of a Durable Object. */
const IDS_A_SCAN = 90

/** @param hints Where jobs may stand that are active */
export function createJobFinder(db: SqlDatabase, hints: ClaimHints): JobFinder {
  const active = codeOfState('active')
  const ready = codeOfState('ready')

  function hinted(queue: string, id: string): JobRow | undefined {
    const hint = hints.find(queue, id)
    if (hint === undefined) return undefined
    const params = [queue, active, hint.rank, hint.seq, toSqlText(id)]
    const [row] = db.run(`SELECT ${JOB_COLUMNS} FROM reuse_jobs WHERE ${AT_POSITION}`, params)
    return row === undefined ? undefined : jobRowOf(row)
  }

  function indexed(queue: string, id: string): JobRow | undefined {
    const [row] = db.run(`SELECT ${JOB_COLUMNS} FROM reuse_jobs WHERE ${AT_INDEXED_POSITION}`, [
      queue,
      toSqlText(id),
    ])
    return row === undefined ? undefined : jobRowOf(row)
  }

  function firstActive(queue: string, limit: number): readonly JobRow[] {
    return db
      .run(
        `SELECT ${JOB_COLUMNS} FROM reuse_jobs WHERE queue = ? AND state = ${active} ORDER BY rank, seq, id LIMIT ?`,
        [queue, limit],
      )
      .map(jobRowOf)
  }

  function scanActive(queue: string, ids: readonly string[]): readonly SqlRow[] {
    return db.run(
      `SELECT ${JOB_COLUMNS} FROM reuse_jobs
       WHERE queue = ? AND state = ${active} AND id IN (${ids.map(() => '?').join(', ')})`,
      [queue, ...ids.map(toSqlText)],
    )
  }

  return {
    find(queue, id, columns) {
      // Half a surrogate pair would be bound as another text, which some other job may have.
      if (!id.isWellFormed()) return undefined
      const sources = [`FROM reuse_jobs WHERE ${AT_INDEXED_POSITION}`]
      const params: SqlValue[] = [queue, toSqlText(id)]
      const position = positionOfJobId(id)
      if (position !== null) {
        sources.push(`FROM reuse_jobs WHERE ${AT_POSITION}`)
        params.push(queue, ready, position.priority, position.seq, id)
        sources.push('FROM reuse_jobs WHERE queue = ? AND state = ? AND id = ?')
        params.push(queue, active, id)
      }
      const sql = sources.map((source) => `SELECT ${columns} ${source}`).join(' UNION ALL ')
      return db.run(`${sql} LIMIT 1`, params)[0]
    },

    findActive(queue, ids) {
      const found = new Map<string, JobRow>()
      const missing: string[] = []
      const wanted = new Set(ids)
      // Mostly the active jobs are the wanted ones: one look at as many as may be theirs saves a
      // seek for each.
      for (const job of wanted.size > 1 ? firstActive(queue, 2 * wanted.size) : [])
        if (wanted.has(job.id)) found.set(job.id, job)
      for (const id of wanted) {
        if (found.has(id)) continue
        const job = hinted(queue, id) ?? indexed(queue, id)
        if (job === undefined) {
          // Any other active job has an id of the job store's own making.
          if (positionOfJobId(id) !== null) missing.push(id)
        } else if (job.state === 'active') found.set(id, job)
      }
      for (let start = 0; start < missing.length; start += IDS_A_SCAN) {
        for (const row of scanActive(queue, missing.slice(start, start + IDS_A_SCAN))) {
          const job = jobRowOf(row)
          found.set(job.id, job)
        }
      }
      return found
    },

    due(queue, state, { after = -1, until = Number.MAX_SAFE_INTEGER }, limit) {
      return db
        .run(
          `SELECT ${JOB_COLUMNS} FROM reuse_jobs WHERE queue = ? AND state = ? AND rank > ? AND rank <= ?
           ORDER BY rank, seq, id LIMIT ?`,
          [queue, codeOfState(state), after, until, limit],
        )
        .map(jobRowOf)
    },

    firstHeld(queue, group) {
      const [row] = db.run(
        `SELECT ${JOB_COLUMNS} FROM reuse_jobs WHERE (queue, state, rank, seq, id) = (${POSITION_OF_NEXT_HELD})`,
        [queue, toSqlText(group)],
      )
      return row === undefined ? undefined : jobRowOf(row)
    },

    read: (queue, job, columns) =>
      db.run(`SELECT ${columns} FROM reuse_jobs WHERE ${AT_POSITION}`, positionOf(queue, job))[0],

    first(queue, state, limit) {
      return db.run(
        `SELECT ${CLAIM_COLUMNS} FROM reuse_jobs WHERE queue = ? AND state = ?
         ORDER BY rank, seq, id LIMIT ?`,
        [queue, codeOfState(state), limit],
      )
    },

    furthest(queue, priority, ahead) {
      const [row] = db.run(
        `SELECT ${ahead ? 'min' : 'max'}(seq) AS seq FROM reuse_jobs
         WHERE queue = ? AND state = ? AND rank = ?`,
        [queue, ready, priority],
      )
      return row === undefined ? null : readNumberOrNull(row, 'seq')
    },

    queues() {
      const names: string[] = []
      for (;;) {
        const [row] = db.run(
          'SELECT queue FROM reuse_jobs WHERE queue > ? ORDER BY queue LIMIT 1',
          [names.at(-1) ?? ''],
        )
        if (row === undefined) return names
        names.push(readText(row, 'queue'))
      }
    },
  }
}

/** The values of the primary key of `job`. */
export function positionOf(queue: string, { state, rank, seq, id }: JobRow): SqlValue[] {
  return [queue, codeOfState(state), rank, seq, toSqlText(id)]
}
