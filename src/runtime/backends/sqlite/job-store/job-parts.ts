import { BackendError } from '../../../ports/backend-error.ts'
import { readText, toSqlText } from '../database/columns.ts'
import type { SqlDatabase, SqlRow, SqlValue } from '../database/sql-database.ts'

/** The columns of a job that hold JSON text. */
export const PARTS = ['data', 'options', 'progress', 'error', 'result'] as const
/** One of {@link PARTS}. */
export type Part = (typeof PARTS)[number]

/**
 * From how many characters on a value stands in a row of its own: what moves with each change of
 * its job's state, and with each renewal of a lease, is then its size alone. Below, a second row
 * costs more than the moving does; measured in decision 0100.
 */
export const ASIDE_CHARS = 8192

/**
 * The large values of jobs, each in a row of its own that stays where it is while its job moves. In
 * the job's own row stands a mark of its size.
 */
export interface JobParts {
  /** @returns What stands in the job's row: the text itself, SQL NULL for `null`, or a mark */
  write(queue: string, id: string, part: Part, json: string): SqlValue
  /** Drops what stood aside of one value, or of all. */
  drop(queue: string, id: string, part?: Part): void
  /** @returns The row with its large values in place of their marks */
  whole(queue: string, row: SqlRow): SqlRow
}

export function createJobParts(db: SqlDatabase): JobParts {
  return {
    write(queue, id, part, json) {
      if (json === 'null') return null
      if (!standsAside(json)) return json
      db.run(WRITE, [queue, toSqlText(id), part, json])
      return `${MARK}${json.length}`
    },

    drop(queue, id, part) {
      if (part === undefined) db.run(DROP_ALL, [queue, toSqlText(id)])
      else db.run(DROP, [queue, toSqlText(id), part])
    },

    whole(queue, row) {
      const marked = PARTS.filter((part) => isMark(row[part]))
      if (marked.length === 0) return row
      const whole: Record<string, SqlValue> = { ...row }
      for (const part of marked) {
        const [found] = db.run(READ, [queue, toSqlText(readText(row, 'id')), part])
        if (found === undefined)
          throw new BackendError(
            'backend_failed',
            `Cannot read job: what stands aside of its ${part} is gone, a row expected`,
          )
        whole[part] = found['json'] ?? null
      }
      return whole
    },
  }
}

/** Whether a value is so large that it stands aside. */
export function standsAside(json: string): boolean {
  return json.length >= ASIDE_CHARS
}

/** No JSON text begins with it. */
const MARK = '@'
const WRITE = `INSERT OR REPLACE INTO reuse_job_parts (queue, id, part, json) VALUES (?, ?, ?, ?)`
const DROP = 'DELETE FROM reuse_job_parts WHERE queue = ? AND id = ? AND part = ?'
const DROP_ALL = 'DELETE FROM reuse_job_parts WHERE queue = ? AND id = ?'
const READ = 'SELECT json FROM reuse_job_parts WHERE queue = ? AND id = ? AND part = ?'

/**
 * A column with its large value in place of its mark, so that one statement reads a job as it is at
 * one moment. Where the value is gone its mark is left, which is no JSON.
 */
export function wholeColumn(part: Part): string {
  return `CASE WHEN ${part} >= '@' AND ${part} < 'A' THEN
    coalesce((SELECT json FROM reuse_job_parts AS parts WHERE parts.queue = reuse_jobs.queue
     AND parts.id = reuse_jobs.id AND parts.part = '${part}'), ${part}) ELSE ${part} END AS ${part}`
}

/** How many characters the values of a row have, those that stand aside among them. */
export function charsOf(row: SqlRow): number {
  let chars = 0
  for (const part of PARTS) {
    const value = row[part]
    if (typeof value !== 'string') continue
    chars += isMark(value) ? Number(value.slice(MARK.length)) : value.length
  }
  return chars
}

/** Whether any value of the row stands aside. */
export function hasMarks(row: SqlRow): boolean {
  return PARTS.some((part) => isMark(row[part]))
}

function isMark(value: SqlValue | undefined): boolean {
  return typeof value === 'string' && value.startsWith(MARK)
}
