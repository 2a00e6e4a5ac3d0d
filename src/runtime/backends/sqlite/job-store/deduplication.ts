import type { EncodedJob } from '../../../ports/job-store/job-limits.ts'
import { isFinished } from '../../../ports/job-store/job-state.ts'
import { orBroken, readNumberOrNull, readText, toSqlText } from '../database/columns.ts'
import type { SqlDatabase } from '../database/sql-database.ts'
import { JOB_COLUMNS, jobRowOf } from './job-row.ts'
import type { JobTable } from './job-table.ts'

/** Who holds which deduplication id of a queue. */
export interface DeduplicationTable {
  /** @returns The hold on `id` that counts now, or `null` */
  find(queue: string, id: string, now: number): DeduplicationHold | null
  /** @param until When the hold ends, ms since 1970; `null` while `job` has not finished */
  hold(queue: string, id: string, job: string, until: number | null): void
  /** Forgets that `job` holds `id`. */
  release(queue: string, id: string, job: string): void
  /** Drops up to `limit` holds whose time is over. */
  prune(queue: string, now: number, limit: number): void
}

export interface DeduplicationHold {
  readonly job: string
  /** When it ends, ms since 1970; `null` while the job has not finished. */
  readonly until: number | null
}

export function createDeduplicationTable(db: SqlDatabase, jobs: JobTable): DeduplicationTable {
  return {
    find(queue, id, now) {
      const [row] = db.run(
        'SELECT job, until FROM reuse_deduplication WHERE queue = ? AND id = ?',
        [queue, toSqlText(id)],
      )
      if (row === undefined) return null
      const job = readText(row, 'job')
      const until = readNumberOrNull(row, 'until')
      if (until !== null) return until > now ? { job, until } : null
      const holder = jobs.find(queue, job, JOB_COLUMNS)
      return holder === undefined || isFinished(jobRowOf(holder).state) ? null : { job, until }
    },

    hold(queue, id, job, until) {
      db.run(
        `INSERT INTO reuse_deduplication (queue, id, job, until) VALUES (?, ?, ?, ?)
         ON CONFLICT (queue, id) DO UPDATE SET job = excluded.job, until = excluded.until`,
        [queue, toSqlText(id), toSqlText(job), until],
      )
    },

    release(queue, id, job) {
      db.run('DELETE FROM reuse_deduplication WHERE queue = ? AND id = ? AND job = ?', [
        queue,
        toSqlText(id),
        toSqlText(job),
      ])
    },

    prune(queue, now, limit) {
      db.run(
        `DELETE FROM reuse_deduplication WHERE (queue, id) IN
         (SELECT queue, id FROM reuse_deduplication WHERE queue = ? AND until <= ? ORDER BY until LIMIT ?)`,
        [queue, now, limit],
      )
    },
  }
}

/**
 * The jobs that are added once the holder of their deduplication id has finished, by the holder's
 * id.
 */
export interface FollowUpTable {
  /** Keeps `given` in place of what was kept before. */
  keep(queue: string, job: string, given: EncodedJob): void
  /** Takes away what is kept for `job`. */
  take(queue: string, job: string): EncodedJob | null
}

/** What jobs that were kept by an earlier version do not say. */
const EARLIER = { maxCrashes: null, tags: [] } as const

export function createFollowUpTable(db: SqlDatabase): FollowUpTable {
  return {
    keep(queue, job, { data, options, ...settings }) {
      db.run(
        `INSERT OR REPLACE INTO reuse_follow_ups (queue, job, terms, options, data) VALUES (?, ?, ?, ?, ?)`,
        [queue, toSqlText(job), JSON.stringify(settings), options, data],
      )
    },

    take(queue, job) {
      const [row] = db.run(
        'SELECT terms, options, data FROM reuse_follow_ups WHERE queue = ? AND job = ?',
        [queue, toSqlText(job)],
      )
      if (row === undefined) return null
      db.run('DELETE FROM reuse_follow_ups WHERE queue = ? AND job = ?', [queue, toSqlText(job)])
      // The text is that of `keep`.
      const settings = orBroken(
        () => JSON.parse(readText(row, 'terms')) as Omit<EncodedJob, 'data' | 'options'>,
        null,
      )
      return settings === null
        ? null
        : {
            ...EARLIER,
            ...settings,
            options: readText(row, 'options'),
            data: readText(row, 'data'),
          }
    },
  }
}
