import type { EncodedJob } from '../../../ports/job-store/job-limits.ts'
import type { JobState } from '../../../ports/job-store/job-state.ts'
import { placeOfJobId } from './job-id.ts'
import { createJobPlaces, PLACE_OF_ID, PLACE_OF_NEXT_HELD } from './job-places.ts'
import { CLAIM_COLUMNS, codeOfState, JOB_COLUMNS, jobRowOf, type JobRow } from './job-row.ts'
import { encodeTerms, hasSameTerms } from './job-terms.ts'
import { encodeTies, hasSameTies } from './job-ties.ts'
import { readNumber, readNumberOrNull, readText } from '../database/read-column.ts'
import type { SqlDatabase, SqlRow, SqlValue } from '../database/sql-database.ts'
import { toSqlText } from '../database/sql-text.ts'

/** What is written beside a job's row, all but the name as JSON text. */
export interface JobNotes {
  readonly error?: string
  readonly result?: string
  readonly data?: string
  readonly progress?: string
  readonly options?: string
  readonly name?: string
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
  /** Jobs whose rank is after `after` and not after `until`, earliest first. */
  due(
    queue: string,
    state: JobState,
    range: { readonly after?: number; readonly until?: number },
    limit: number,
  ): readonly JobRow[]
  /** How many jobs of a state have a rank after `after`. Reads them all. */
  count(queue: string, state: JobState, after: number): number
  /** The job of a group that is the next to be admitted. */
  firstHeld(queue: string, group: string): JobRow | undefined
  /** What stands beside the row of `job`, which must stand as it was read. */
  read(queue: string, job: JobRow, columns: string): SqlRow | undefined
  /** The jobs of a state in their order. */
  first(queue: string, state: JobState, limit: number): readonly SqlRow[]
  /** The furthest order number among the ready jobs of a priority: the last, or ahead of all the first. */
  furthest(queue: string, priority: number, ahead: boolean): number | null
  /** The names of all queues that hold jobs. */
  queues(): readonly string[]
}

const NOTES = ['error', 'result', 'data', 'progress', 'options'] as const
const AT_PLACE = 'queue = ? AND state = ? AND rank = ? AND seq = ? AND id = ?'
const AT_NOTED_PLACE = `(queue, state, rank, seq, id) = (${PLACE_OF_ID})`
const UPDATED = 'state = ?, rank = ?, token = ?, attempt = ?, cancel_requested = ?'
/** Made once: a text that is put together again for each job would have to be looked at whole to find its statement. */
const INSERT = `INSERT INTO reuse_jobs (queue, ${JOB_COLUMNS}, added_at, name, options, data)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`
const DELETE = `DELETE FROM reuse_jobs WHERE ${AT_PLACE}`
const PLAIN_UPDATE = `UPDATE reuse_jobs SET ${UPDATED} WHERE ${AT_PLACE}`
/** Ids looked for in one statement: below the 100 parameters of a Durable Object. */
const IDS_A_SCAN = 90
/** Places of active jobs kept in memory; a job without one is found by a scan. */
const MAX_HINTS = 20_000

export function createJobTable(db: SqlDatabase): JobTable {
  const active = codeOfState('active')
  const ready = codeOfState('ready')
  const places = createJobPlaces(db)

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

  function noted(queue: string, id: string): JobRow | undefined {
    const [row] = db.run(`SELECT ${JOB_COLUMNS} FROM reuse_jobs WHERE ${AT_NOTED_PLACE}`, [
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
        encodeTerms(job),
        encodeTies(job),
        addedAt,
        toSqlText(carried.name),
        columnOf(carried.options),
        columnOf(carried.data),
      ])
      places.moved(queue, null, job)
    },

    update(queue, before, after, notes) {
      const rest = [...changedColumns(before, after), ...notedColumns(notes)]
      const sql =
        rest.length === 0
          ? PLAIN_UPDATE
          : `UPDATE reuse_jobs SET ${UPDATED}${rest.map(({ column }) => `, ${column} = ?`).join('')} WHERE ${AT_PLACE}`
      db.run(sql, [
        codeOfState(after.state),
        after.rank,
        after.token,
        after.attempt,
        Number(after.cancelRequested),
        ...rest.map(({ value }) => value),
        ...placeOf(queue, before),
      ])
      places.moved(queue, before, after)
      remember(queue, after)
    },

    remove(queue, job) {
      db.run(DELETE, placeOf(queue, job))
      places.moved(queue, job, null)
      hints.delete(`${queue} ${job.id}`)
    },

    find(queue, id, columns) {
      // Half a surrogate pair would be bound as another text, which some other job may have.
      if (!id.isWellFormed()) return undefined
      const parts = [`FROM reuse_jobs WHERE ${AT_NOTED_PLACE}`]
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
      const wanted = new Set(ids)
      // Mostly the active jobs are the wanted ones: one look at as many as may be theirs saves a seek for each.
      for (const job of wanted.size > 1 ? firstActive(queue, 2 * wanted.size) : [])
        if (wanted.has(job.id)) found.set(job.id, job)
      for (const id of wanted) {
        if (found.has(id)) continue
        const job = hinted(queue, id) ?? noted(queue, id)
        if (job === undefined) {
          // Any other active job has an id of the job store's own making.
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

    due(queue, state, { after = -1, until = Number.MAX_SAFE_INTEGER }, limit) {
      return db
        .run(
          `SELECT ${JOB_COLUMNS} FROM reuse_jobs WHERE queue = ? AND state = ? AND rank > ? AND rank <= ?
           ORDER BY rank, seq, id LIMIT ?`,
          [queue, codeOfState(state), after, until, limit],
        )
        .map(jobRowOf)
    },

    count(queue, state, after) {
      const [row = {}] = db.run(
        'SELECT count(*) AS jobs FROM reuse_jobs WHERE queue = ? AND state = ? AND rank > ?',
        [queue, codeOfState(state), after],
      )
      return readNumber(row, 'jobs')
    },

    firstHeld(queue, group) {
      const [row] = db.run(
        `SELECT ${JOB_COLUMNS} FROM reuse_jobs WHERE (queue, state, rank, seq, id) = (${PLACE_OF_NEXT_HELD})`,
        [queue, toSqlText(group)],
      )
      return row === undefined ? undefined : jobRowOf(row)
    },

    read: (queue, job, columns) =>
      db.run(`SELECT ${columns} FROM reuse_jobs WHERE ${AT_PLACE}`, placeOf(queue, job))[0],

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

interface ColumnValue {
  readonly column: string
  readonly value: SqlValue
}

/** What changes only when a job takes another's place, is admitted or loses a child. */
function changedColumns(before: JobRow, after: JobRow): readonly ColumnValue[] {
  return [
    ...(after.seq === before.seq ? [] : [{ column: 'seq', value: after.seq }]),
    ...(hasSameTerms(before, after) ? [] : [{ column: 'terms', value: encodeTerms(after) }]),
    ...(hasSameTies(before, after) ? [] : [{ column: 'ties', value: encodeTies(after) }]),
  ]
}

function notedColumns({ name, ...notes }: JobNotes): readonly ColumnValue[] {
  const noted = NOTES.flatMap((column) => {
    const json = notes[column]
    return json === undefined ? [] : [{ column, value: columnOf(json) }]
  })
  return name === undefined ? noted : [...noted, { column: 'name', value: toSqlText(name) }]
}

/** JSON text as it is stored: `null` as SQL NULL. */
function columnOf(json: string): string | null {
  return json === 'null' ? null : json
}
