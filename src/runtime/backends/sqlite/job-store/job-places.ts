import { codeOfState, type JobRow } from './job-row.ts'
import type { SqlDatabase, SqlValue } from '../database/sql-database.ts'
import { toSqlText } from '../database/sql-text.ts'

/** Where jobs stand that are looked for by what their place does not say: their id, or their group while they are held. */
export interface JobPlaces {
  /** @param before Where the job stood, `null` for a new one; @param after Where it stands, `null` for a removed one */
  moved(queue: string, before: JobRow | null, after: JobRow | null): void
}

/** The place of the job of a queue and an id, to be compared with the primary key of `reuse_jobs`. */
export const PLACE_OF_ID =
  'SELECT queue, state, rank, seq, id FROM reuse_job_places WHERE queue = ? AND id = ?'

/** The place of the held job of a queue and a group that is the next to be admitted; state 7 is held. */
export const PLACE_OF_NEXT_HELD = `SELECT queue, 7, rank, seq, id FROM reuse_held_jobs
  WHERE queue = ? AND group_key = ? ORDER BY rank, seq, id LIMIT 1`

export function createJobPlaces(db: SqlDatabase): JobPlaces {
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
      heldPlaceOf(queue, job),
    )
  }

  function letGo(queue: string, job: JobRow): void {
    db.run(
      'DELETE FROM reuse_held_jobs WHERE queue = ? AND group_key = ? AND rank = ? AND seq = ? AND id = ?',
      heldPlaceOf(queue, job),
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

/** Ready and active jobs with an id of the job store's own making are found without it; see job-id.ts. */
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

function heldPlaceOf(queue: string, { group, rank, seq, id }: JobRow): SqlValue[] {
  return [queue, toSqlText(group ?? ''), rank, seq, toSqlText(id)]
}
