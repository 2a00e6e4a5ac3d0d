import type { EncodedJob } from '../../../ports/job-store/job-limits.ts'
import { readText } from '../database/read-column.ts'
import type { SqlDatabase } from '../database/sql-database.ts'
import { toSqlText } from '../database/sql-text.ts'

/** The jobs that are added once the holder of their deduplication id has finished, by the holder's id. */
export interface FollowUpTable {
  /** Keeps `given` in place of what was kept before. */
  keep(queue: string, job: string, given: EncodedJob): void
  /** Takes away what is kept for `job`. */
  take(queue: string, job: string): EncodedJob | null
}

export function createFollowUpTable(db: SqlDatabase): FollowUpTable {
  return {
    keep(queue, job, { data, options, ...terms }) {
      db.run(
        `INSERT OR REPLACE INTO reuse_follow_ups (queue, job, terms, options, data) VALUES (?, ?, ?, ?, ?)`,
        [queue, toSqlText(job), JSON.stringify(terms), options, data],
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
      const terms = JSON.parse(readText(row, 'terms')) as Omit<EncodedJob, 'data' | 'options'>
      return { ...terms, options: readText(row, 'options'), data: readText(row, 'data') }
    },
  }
}
