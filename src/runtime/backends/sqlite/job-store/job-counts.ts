import { JOB_STATES, type JobState } from '../../../ports/job-store/job-state.ts'
import { readNumber } from '../database/columns.ts'
import type { SqlDatabase } from '../database/sql-database.ts'
import { codeOfState } from './job-row.ts'

/**
 * How many rows each state of a queue has, those of records whose time is over among them. Known
 * without reading the rows, which one after the other takes longer the more there are.
 */
export interface JobCounts {
  /** What of one call has been noted stays its own until {@link JobCounts.save}. */
  count(queue: string, state: JobState): number
  /** Of all states, in the order of their codes. */
  all(queue: string): readonly number[]
  /** Notes that a job has left one state for another; `null` where it was or is not there. */
  moved(before: JobState | null, after: JobState | null): void
  /** Keeps what the call noted, within its transaction. */
  save(queue: string): void
  /** Forgets what a call noted that failed. */
  undo(queue: string): void
}

/**
 * Counts that stand in a table beside the jobs: at most one row a state and call. For a database
 * that several processes write and that charges no rows.
 *
 * @param db A database that {@link countStoredJobs} has counted
 */
export function createStoredCounts(db: SqlDatabase): JobCounts {
  const changes = createChanges()

  function all(queue: string): readonly number[] {
    const counts = JOB_STATES.map(() => 0)
    for (const row of db.run(READ, [queue]))
      counts[readNumber(row, 'state')] = readNumber(row, 'jobs')
    return counts
  }

  return {
    all,
    moved: changes.moved,
    count: (queue, state) => {
      const code = codeOfState(state)
      return (all(queue)[code] ?? 0) + (changes.by.get(code) ?? 0)
    },
    save(queue) {
      for (const [state, by] of changes.by) if (by !== 0) db.run(ADD, [queue, state, by])
      changes.by.clear()
    },
    undo: () => changes.by.clear(),
  }
}

const READ = 'SELECT state, jobs FROM reuse_job_counts WHERE queue = ?'
const ADD = `INSERT INTO reuse_job_counts (queue, state, jobs) VALUES (?, ?, ?)
  ON CONFLICT (queue, state) DO UPDATE SET jobs = jobs + excluded.jobs`

/**
 * Counts the jobs of a database once and notes that its counts are kept from then on: a file that
 * an earlier version wrote has none.
 */
export function countStoredJobs(db: SqlDatabase): void {
  const kept = (): boolean => db.run(KEPT).length > 0
  if (kept()) return
  db.transaction(() => {
    if (kept()) return
    db.run(
      `INSERT INTO reuse_job_counts (queue, state, jobs)
       SELECT queue, state, count(*) FROM reuse_jobs GROUP BY queue, state`,
    )
    db.run("INSERT INTO reuse_meta (name, value) VALUES ('counts_kept', 1)")
  })
}

const KEPT = "SELECT 1 FROM reuse_meta WHERE name = 'counts_kept'"

/**
 * Counts that are remembered: the first question of a queue reads its rows, and what changes is
 * added up from then on. For a database that nobody else writes and that charges for each row
 * written.
 */
export function createRememberedCounts(db: SqlDatabase): JobCounts {
  const changes = createChanges()
  const known = new Map<string, number[]>()

  function counted(queue: string): readonly number[] {
    const counts = known.get(queue)
    if (counts !== undefined)
      return counts.map((count, code) => count + (changes.by.get(code) ?? 0))
    const read = JOB_STATES.map(() => 0)
    for (const row of db.run(COUNT, [queue]))
      read[readNumber(row, 'state')] = readNumber(row, 'jobs')
    // What the call has noted so far was read with the rest.
    known.set(
      queue,
      read.map((count, code) => count - (changes.by.get(code) ?? 0)),
    )
    return read
  }

  return {
    all: counted,
    moved: changes.moved,
    count: (queue, state) => counted(queue)[codeOfState(state)] ?? 0,
    save(queue) {
      const counts = known.get(queue)
      if (counts !== undefined)
        for (const [code, by] of changes.by) counts[code] = (counts[code] ?? 0) + by
      changes.by.clear()
    },
    undo(queue) {
      // It may have been saved before it failed.
      known.delete(queue)
      changes.by.clear()
    },
  }
}

const COUNT = 'SELECT state, count(*) AS jobs FROM reuse_jobs WHERE queue = ? GROUP BY state'

/** What one call has changed so far, by the code of a state. */
function createChanges() {
  const by = new Map<number, number>()
  const add = (state: JobState | null, change: number): void => {
    if (state === null) return
    const code = codeOfState(state)
    by.set(code, (by.get(code) ?? 0) + change)
  }
  return {
    by,
    moved(before: JobState | null, after: JobState | null): void {
      if (before === after) return
      add(before, -1)
      add(after, 1)
    },
  }
}
