import { toSqlText } from '../database/columns.ts'
import type { SqlDatabase } from '../database/sql-database.ts'
import type { JobRow } from './job-row.ts'

/** The jobs by their tags: a row for each tag of a job, which stays while the job moves. */
export interface TagTable {
  /** @param addedAt When the job was added, which never changes */
  add(queue: string, job: JobRow, tags: readonly string[], addedAt: number): void
  remove(queue: string, job: JobRow, tags: readonly string[], addedAt: number): void
}

const ADD = 'INSERT OR REPLACE INTO reuse_job_tags (queue, tag, added_at, id) VALUES (?, ?, ?, ?)'
const REMOVE = 'DELETE FROM reuse_job_tags WHERE queue = ? AND tag = ? AND added_at = ? AND id = ?'

export function createTagTable(db: SqlDatabase): TagTable {
  return {
    add(queue, { id }, tags, addedAt) {
      for (const tag of tags) db.run(ADD, [queue, toSqlText(tag), addedAt, toSqlText(id)])
    },
    remove(queue, { id }, tags, addedAt) {
      for (const tag of tags) db.run(REMOVE, [queue, toSqlText(tag), addedAt, toSqlText(id)])
    },
  }
}
