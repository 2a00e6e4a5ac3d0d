import {
  checkEventLimit,
  firstEventNumber,
  numberOfCursor,
  startOfEvents,
  type QueueEvent,
  type QueueEventPage,
  type QueueEventsOptions,
  type QueueEventType,
} from '../../../ports/job-store/queue-event.ts'
import { readNumber, readNumberOrNull, readText, toSqlText } from '../database/columns.ts'
import type { SqlDatabase, SqlRow } from '../database/sql-database.ts'

/** What queues record, within one call. A queue that records nothing costs one look at a table. */
export interface EventLog {
  /** @param read Reads the event, which is asked for only where it is recorded */
  note(queue: string, read: () => Omit<QueueEvent, 'cursor'>): void
  /** @param keep Events; 0 for none any more */
  record(queue: string, keep: number, now: number): void
}

const RECORDED = `SELECT keep, started,
  (SELECT max(number) FROM reuse_job_events WHERE queue = asked.queue) AS latest,
  (SELECT min(number) FROM reuse_job_events WHERE queue = asked.queue) AS oldest
  FROM (SELECT ? AS queue) AS asked
  JOIN reuse_recorded_queues ON reuse_recorded_queues.queue = asked.queue`

export function createEventLog(db: SqlDatabase): EventLog {
  let known: { readonly queue: string; readonly keep: number; latest: number } | undefined

  function look(queue: string) {
    if (known?.queue === queue) return known
    const { keep, latest } = readRecorded(db, queue)
    known = { queue, keep, latest }
    return known
  }

  return {
    note(queue, read) {
      const state = look(queue)
      if (state.keep === 0) return
      const { type, id, name, attempt, at } = read()
      state.latest++
      db.run(
        `INSERT INTO reuse_job_events (queue, number, type, id, name, attempt, at)
         VALUES (?, ?, ?, ?, ?, ?, ?)`,
        [queue, state.latest, type, toSqlText(id), toSqlText(name), attempt, at],
      )
      trim(db, queue, state.latest - state.keep)
    },

    record(queue, keep, now) {
      const { keep: before, latest, started } = readRecorded(db, queue)
      known = undefined
      if (keep === 0) {
        // Where its numbers ended stays: a cursor of today misses what is not recorded.
        db.run('DELETE FROM reuse_job_events WHERE queue = ?', [queue])
        if (before === 0) return
      } else trim(db, queue, latest - keep)
      const start =
        keep === 0 ? latest : before === 0 ? Math.max(latest + 1, firstEventNumber(now)) : started
      db.run(
        `INSERT INTO reuse_recorded_queues (queue, keep, started) VALUES (?, ?, ?)
         ON CONFLICT (queue) DO UPDATE SET keep = excluded.keep, started = excluded.started`,
        [queue, keep, start],
      )
    },
  }
}

export function readEvents(
  db: SqlDatabase,
  queue: string,
  { after, limit = 100 }: QueueEventsOptions,
): QueueEventPage {
  checkEventLimit(limit)
  const cursor = numberOfCursor(after)
  const { keep, oldest, latest } = readRecorded(db, queue)
  const { from, missed } = startOfEvents(cursor, { oldest, latest })
  const rows = db.run(
    `SELECT number, type, id, name, attempt, at FROM reuse_job_events
     WHERE queue = ? AND number >= ? ORDER BY number LIMIT ?`,
    [queue, from, limit],
  )
  const events = rows.map(eventOf)
  return {
    recording: keep > 0,
    events,
    // Others may have forgotten some between the two statements.
    missed: missed || (events[0]?.cursor ?? String(from)) !== String(from),
    cursor: events.at(-1)?.cursor ?? String(from - 1),
    latest: String(latest),
  }
}

function readRecorded(db: SqlDatabase, queue: string) {
  const [row] = db.run(RECORDED, [queue])
  if (row === undefined) return { keep: 0, started: 0, latest: 0, oldest: 1 }
  const started = readNumber(row, 'started')
  const latest = readNumberOrNull(row, 'latest') ?? started
  const oldest = readNumberOrNull(row, 'oldest') ?? latest + 1
  return { keep: readNumber(row, 'keep'), started, latest, oldest }
}

function trim(db: SqlDatabase, queue: string, upTo: number): void {
  db.run('DELETE FROM reuse_job_events WHERE queue = ? AND number <= ?', [queue, upTo])
}

function eventOf(row: SqlRow): QueueEvent {
  return {
    cursor: String(readNumber(row, 'number')),
    // Written by `note`.
    type: readText(row, 'type') as QueueEventType,
    id: readText(row, 'id'),
    name: readText(row, 'name'),
    attempt: readNumber(row, 'attempt'),
    at: readNumber(row, 'at'),
  }
}
