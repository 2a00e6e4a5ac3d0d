import type { Clock } from '../ports/clock.ts'
import { transition, type JobEvent } from '../ports/job-state.ts'
import type { RandomSource } from '../ports/random-source.ts'
import type { DeduplicationTable } from './deduplication-table.ts'
import type { JobRow } from './job-row.ts'
import type { JobSequence } from './job-sequence.ts'
import type { JobTable } from './job-table.ts'
import type { SqlDatabase } from './sql-database.ts'

/** What the operations of a ledger work on. */
export interface LedgerParts {
  readonly db: SqlDatabase
  readonly clock: Clock
  readonly random: RandomSource
  readonly jobs: JobTable
  readonly deduplication: DeduplicationTable
  readonly sequence: JobSequence
}

/** What an event made of a job: its row as it now stands, `removed`, or `refused` when the event did not apply. */
export type Applied =
  | { readonly kind: 'changed'; readonly job: JobRow }
  | { readonly kind: 'removed' }
  | { readonly kind: 'refused' }

/**
 * Feeds one event to one job and writes what the state machine makes of it.
 *
 * @param job As just read
 * @param progress JSON text to keep with a job that changes; default: what it has
 */
export function applyEvent(
  { jobs, deduplication }: LedgerParts,
  queue: string,
  job: JobRow,
  event: JobEvent,
  now: number,
  progress: string | null = null,
): Applied {
  const next = transition(job, event, now)
  if (next.kind === 'refused') return next
  if (next.kind === 'removed') {
    jobs.remove(queue, job)
    if (job.deduplication !== null) deduplication.release(queue, job.deduplication, job.id)
    return next
  }
  const changed: JobRow = { ...job, ...next.facts }
  jobs.update(queue, job, changed, {
    ...(next.error !== undefined && { error: JSON.stringify(next.error) }),
    ...(next.result !== undefined && { result: JSON.stringify(next.result) }),
    ...(next.data !== undefined && { data: JSON.stringify(next.data) }),
    ...(progress !== null && { progress }),
  })
  return { kind: 'changed', job: changed }
}
