import type { EncodedJob } from '../ports/job-limits.ts'
import type { JobState } from '../ports/job-state.ts'
import { placeOfJobId } from './job-id.ts'
import { CLAIM_COLUMNS, codeOfState, JOB_COLUMNS, jobRowOf, type JobRow } from './job-row.ts'
import { readNumberOrNull, readText } from './read-column.ts'
import type { SqlDatabase, SqlRow, SqlValue } from './sql-database.ts'
import { toSqlText } from './sql-text.ts'

/** What is written beside a job's row, each as JSON text. */
export interface JobNotes {
  readonly error?: string
  readonly result?: string
  readonly data?: string
  readonly progress?: string
}

/** The table of jobs, each access a seek of its primary key. */
export interface JobTable {
  insert(queue: string, job: JobRow, carried: EncodedJob, addedAt: number): void
  /** Writes what became of `before`, which must stand as it was read. */
  update(queue: string, before: JobRow, after: JobRow, notes: JobNotes): void
  remove(queue: string, job: JobRow): void
  /** One statement, so that the answer is of one moment even outside a transaction. */
  find(queue: string, id: string, columns: string): SqlRow | undefined
  /** The jobs among `ids` that are active. */
  findActive(queue: string, ids: Iterable<string>): Map<string, JobRow>
  /** Jobs whose rank has come, earliest first. */
  due(queue: string, state: JobState, now: number, limit: number): readonly JobRow[]
  /** The jobs of a state in their order. */
  first(queue: string, state: JobState, limit: number): readonly SqlRow[]
  /** The furthest order number among the ready jobs of a priority: the last, or ahead of all the first. */
  furthest(queue: string, priority: number, ahead: boolean): number | null
  /** The names of all queues that hold jobs. */
  queues(): readonly string[]
}

const NOTES = ['error', 'result', 'data', 'progress'] as const
const AT_PLACE = 'queue = ? AND state = ? AND rank = ? AND seq = ? AND id = ?'
const IN_INDEX = 'queue = ? AND id = ? AND (keyed = 1 OR state NOT IN (0, 2))'
/** Ids looked for in one statement: below the 100 parameters of a Durable Object. */
const IDS_A_SCAN = 90
/** Places of active jobs kept in memory; a job without one is found by a scan. */
const MAX_HINTS = 20_000

export function createJobTable(db: SqlDatabase): JobTable {
  const active = codeOfState('active')
  const ready = codeOfState('ready')

  // Where the jobs stand that this process claimed. Only hints: another process may have moved them, and a transaction
  // that failed never did. The primary key holds the id, so a stale one finds nothing.
  const hints = new Map<string, { readonly rank: number; readonly seq: number }>()

  function remember(queue: string, { id, state, rank, seq }: JobRow): void {
    const hint = `${queue} ${id}`
    hints.delete(hint)
    if (state !== 'active') return
    hints.set(hint, { rank, seq })
    if (hints.size <= MAX_HINTS) return
    for (const oldest of hints.keys()) {
      hints.delete(oldest)
      return
    }
  }

  function hinted(queue: string, id: string): JobRow | undefined {
    const hint = hints.get(`${queue} ${id}`)
    if (hint === undefined) return undefined
    const params = [queue, active, hint.rank, hint.seq, toSqlText(id)]
    const [row] = db.run(`SELECT ${JOB_COLUMNS} FROM reuse_jobs WHERE ${AT_PLACE}`, params)
    return row === undefined ? undefined : jobRowOf(row)
  }

  function indexed(queue: string, id: string): JobRow | undefined {
    const [row] = db.run(
      `SELECT ${JOB_COLUMNS} FROM reuse_jobs INDEXED BY reuse_jobs_by_id WHERE ${IN_INDEX}`,
      [queue, toSqlText(id)],
    )
    return row === undefined ? undefined : jobRowOf(row)
  }

  function scanActive(queue: string, ids: readonly string[]): readonly SqlRow[] {
    return db.run(
      `SELECT ${JOB_COLUMNS} FROM reuse_jobs
       WHERE queue = ? AND state = ${active} AND id IN (${ids.map(() => '?').join(', ')})`,
      [queue, ...ids.map(toSqlText)],
    )
  }

  return {
    insert(queue, job, carried, addedAt) {
      db.run(
        `INSERT INTO reuse_jobs (queue, ${JOB_COLUMNS}, added_at, name, options, data)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
        [
          queue,
          codeOfState(job.state),
          job.rank,
          job.seq,
          toSqlText(job.id),
          Number(job.keyed),
          job.priority,
          job.token,
          job.attempt,
          job.maxAttempts,
          Number(job.cancelRequested),
          job.keepCompletedMs,
          job.keepDeadMs,
          job.deduplication === null ? null : toSqlText(job.deduplication),
          addedAt,
          toSqlText(carried.name),
          columnOf(carried.options),
          columnOf(carried.data),
        ],
      )
    },

    update(queue, before, after, notes) {
      const noted = NOTES.flatMap((column) => {
        const json = notes[column]
        return json === undefined ? [] : [{ column, json }]
      })
      db.run(
        `UPDATE reuse_jobs SET state = ?, rank = ?, token = ?, attempt = ?, cancel_requested = ?
         ${noted.map(({ column }) => `, ${column} = ?`).join('')} WHERE ${AT_PLACE}`,
        [
          codeOfState(after.state),
          after.rank,
          after.token,
          after.attempt,
          Number(after.cancelRequested),
          ...noted.map(({ json }) => columnOf(json)),
          ...placeOf(queue, before),
        ],
      )
      remember(queue, after)
    },

    remove(queue, job) {
      db.run(`DELETE FROM reuse_jobs WHERE ${AT_PLACE}`, placeOf(queue, job))
      hints.delete(`${queue} ${job.id}`)
    },

    find(queue, id, columns) {
      // Half a surrogate pair would be bound as another text, which some other job may have.
      if (!id.isWellFormed()) return undefined
      const parts = [`FROM reuse_jobs INDEXED BY reuse_jobs_by_id WHERE ${IN_INDEX}`]
      const params: SqlValue[] = [queue, toSqlText(id)]
      const place = placeOfJobId(id)
      if (place !== null) {
        parts.push(`FROM reuse_jobs WHERE ${AT_PLACE}`)
        params.push(queue, ready, place.priority, place.seq, id)
        parts.push('FROM reuse_jobs WHERE queue = ? AND state = ? AND id = ?')
        params.push(queue, active, id)
      }
      const sql = parts.map((part) => `SELECT ${columns} ${part}`).join(' UNION ALL ')
      return db.run(`${sql} LIMIT 1`, params)[0]
    },

    findActive(queue, ids) {
      const found = new Map<string, JobRow>()
      const missing: string[] = []
      for (const id of new Set(ids)) {
        const job = hinted(queue, id) ?? indexed(queue, id)
        if (job === undefined) {
          // Any other active job has an id of the ledger's own making.
          if (placeOfJobId(id) !== null) missing.push(id)
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

    due(queue, state, now, limit) {
      return db
        .run(
          `SELECT ${JOB_COLUMNS} FROM reuse_jobs WHERE queue = ? AND state = ? AND rank <= ?
           ORDER BY rank, seq, id LIMIT ?`,
          [queue, codeOfState(state), now, limit],
        )
        .map(jobRowOf)
    },

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

function placeOf(queue: string, { state, rank, seq, id }: JobRow): SqlValue[] {
  return [queue, codeOfState(state), rank, seq, toSqlText(id)]
}

/** JSON text as it is stored: `null` as SQL NULL. */
function columnOf(json: string): string | null {
  return json === 'null' ? null : json
}
