import {
  checkEventLimit,
  firstEventNumber,
  numberOfCursor,
  startOfEvents,
  type QueueEvent,
  type QueueEventPage,
  type QueueEventsOptions,
} from '../../ports/job-store/queue-event.ts'

/** What one queue records. */
export interface EventLog {
  note(event: Omit<QueueEvent, 'cursor'>): void
  /** @param keep Events; 0 for none any more */
  record(keep: number, now: number): void
  read(options: QueueEventsOptions): QueueEventPage
}

export function createEventLog(): EventLog {
  let keep = 0
  let latest = 0
  const events: Omit<QueueEvent, 'cursor'>[] = []

  function trim(): void {
    const excess = events.length - keep
    if (excess > 0) events.splice(0, excess)
  }

  return {
    note(event) {
      if (keep === 0) return
      events.push(event)
      latest++
      trim()
    },
    record(most, now) {
      if (keep === 0) latest = Math.max(latest + 1, firstEventNumber(now))
      keep = most
      trim()
    },
    read({ after, limit = 100 }) {
      checkEventLimit(limit)
      const oldest = latest - events.length + 1
      const { from, missed } = startOfEvents(numberOfCursor(after), { oldest, latest })
      const first = from - oldest
      const page = events.slice(first, first + limit)
      return {
        recording: keep > 0,
        events: page.map((event, index) => ({ ...event, cursor: String(from + index) })),
        missed,
        cursor: String(from + page.length - 1),
        latest: String(latest),
      }
    },
  }
}
