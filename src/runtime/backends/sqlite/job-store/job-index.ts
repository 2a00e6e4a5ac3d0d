import { toSqlText } from '../database/columns.ts'
import type { SqlDatabase, SqlValue } from '../database/sql-database.ts'
import { codeOfState, type JobRow } from './job-row.ts'

/**
 * Where jobs stand that are looked for by what their position does not say: their id, or their
 * group while they are held.
 */
export interface JobIndex {
  /**
   * @param before Where the job stood, `null` for a new one; @param after Where it stands, `null`
   *   for a removed one
   */
  moved(queue: string, before: JobRow | null, after: JobRow | null): void
}

/**
 * The position of the job of a queue and an id, to be compared with the primary key of
 * `reuse_jobs`.
 */
export const POSITION_OF_ID =
  'SELECT queue, state, rank, seq, id FROM reuse_job_places WHERE queue = ? AND id = ?'

/**
 * The position of the held job of a queue and a group that is the next to be admitted; state 7 is
 * held.
 */
export const POSITION_OF_NEXT_HELD = `SELECT queue, 7, rank, seq, id FROM reuse_held_jobs
  WHERE queue = ? AND group_key = ? ORDER BY rank, seq, id LIMIT 1`

/** Where the active jobs stand that this process claimed. */
export interface ClaimHints {
  find(queue: string, id: string): { readonly rank: number; readonly seq: number } | undefined
  /** Notes where the job stands if it is active, and forgets it if not. */
  note(queue: string, job: JobRow): void
  forget(queue: string, job: JobRow): void
}

/** A job without a hint is found by a scan. */
const MAX_HINTS = 20_000

/**
 * Only hints: another process may have moved the jobs, and a transaction that failed never did. The
 * primary key holds the id, so a stale one finds nothing.
 */
export function createClaimHints(): ClaimHints {
  const hints = new Map<string, { readonly rank: number; readonly seq: number }>()
  return {
    find: (queue, id) => hints.get(`${queue} ${id}`),
    note(queue, { id, state, rank, seq }) {
      const hint = `${queue} ${id}`
      hints.delete(hint)
      if (state !== 'active') return
      hints.set(hint, { rank, seq })
      if (hints.size <= MAX_HINTS) return
      for (const oldest of hints.keys()) {
        hints.delete(oldest)
        return
      }
    },
    forget: (queue, { id }) => void hints.delete(`${queue} ${id}`),
  }
}

export function createJobIndex(db: SqlDatabase): JobIndex {
  function note(queue: string, { id, state, rank, seq }: JobRow): void {
    db.run(
      `INSERT INTO reuse_job_places (queue, id, state, rank, seq) VALUES (?, ?, ?, ?, ?)
       ON CONFLICT (queue, id) DO UPDATE SET state = excluded.state, rank = excluded.rank, seq = excluded.seq`,
      [queue, toSqlText(id), codeOfState(state), rank, seq],
    )
  }

  function forget(queue: string, { id }: JobRow): void {
    db.run('DELETE FROM reuse_job_places WHERE queue = ? AND id = ?', [queue, toSqlText(id)])
  }

  function hold(queue: string, job: JobRow): void {
    db.run(
      'INSERT INTO reuse_held_jobs (queue, group_key, rank, seq, id) VALUES (?, ?, ?, ?, ?)',
      heldPositionOf(queue, job),
    )
  }

  function letGo(queue: string, job: JobRow): void {
    db.run(
      'DELETE FROM reuse_held_jobs WHERE queue = ? AND group_key = ? AND rank = ? AND seq = ? AND id = ?',
      heldPositionOf(queue, job),
    )
  }

  return {
    moved(queue, before, after) {
      if (before !== null && after !== null && standsAlike(before, after)) return
      if (after !== null && isNoted(after)) note(queue, after)
      else if (before !== null && isNoted(before)) forget(queue, before)
      if (before?.state === 'held') letGo(queue, before)
      if (after?.state === 'held') hold(queue, after)
    },
  }
}

/**
 * Ready and active jobs with an id of the job store's own making are found without it; see
 * job-position.ts.
 */
function isNoted({ keyed, state }: JobRow): boolean {
  return keyed || (state !== 'ready' && state !== 'active')
}

function standsAlike(before: JobRow, after: JobRow): boolean {
  return (
    before.state === after.state &&
    before.rank === after.rank &&
    before.seq === after.seq &&
    before.keyed === after.keyed
  )
}

function heldPositionOf(queue: string, { group, rank, seq, id }: JobRow): SqlValue[] {
  return [queue, toSqlText(group ?? ''), rank, seq, toSqlText(id)]
}
