import { JOB_LIMITS } from '../../../ports/job-store/job-limits.ts'
import { readNumber } from '../database/columns.ts'
import type { SqlDatabase } from '../database/sql-database.ts'
import { codeOfState } from './job-row.ts'

/** As `QueueStore.oldestReady`: a seek or two for each priority in use. */
export function readOldestReady(db: SqlDatabase, queue: string): number | null {
  let oldest: number | null = null
  const take = (addedAt: number): void => {
    oldest = Math.min(oldest ?? Infinity, addedAt)
  }
  for (let line = 0, rank = -1; line < JOB_LIMITS.lines; line++) {
    const [first] = db.run(FIRST_OF_NEXT, [queue, rank])
    if (first === undefined) break
    rank = readNumber(first, 'rank')
    if (readNumber(first, 'seq') >= 0) {
      take(readNumber(first, 'added_at'))
      continue
    }
    // Of those that went ahead the last has been there longest.
    for (const sql of [LAST_AHEAD, FIRST_IN_ORDER])
      for (const row of db.run(sql, [queue, rank])) take(readNumber(row, 'added_at'))
  }
  return oldest
}

const READY = `FROM reuse_jobs WHERE queue = ? AND state = ${codeOfState('ready')}`
const FIRST_OF_NEXT = `SELECT rank, seq, added_at ${READY} AND rank > ? ORDER BY rank, seq, id LIMIT 1`
const LAST_AHEAD = `SELECT added_at ${READY} AND rank = ? AND seq < 0 ORDER BY seq DESC, id DESC LIMIT 1`
const FIRST_IN_ORDER = `SELECT added_at ${READY} AND rank = ? AND seq >= 0 ORDER BY seq, id LIMIT 1`
