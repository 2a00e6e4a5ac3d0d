import type { LeaseView } from '../../../ports/job-store/lease-clock.ts'
import type { JobState } from '../../../ports/job-store/job-state.ts'
import { codeOfState } from './job-row.ts'
import { readNumber, readNumberOrNull } from '../database/columns.ts'
import type { SqlDatabase } from '../database/sql-database.ts'

/** When what in a queue comes next; instants in ms since 1970, `null` where there is none. */
export interface QueueOverview {
  readonly paused: boolean
  readonly ready: boolean
  /** The earliest rank of each state in which time changes a job. */
  readonly earliest: Readonly<Record<TimedState, number | null>>
  /** When the first deduplication ends. */
  readonly deduplication: number | null
}

/** The states in which time changes a job. */
export type TimedState = Exclude<JobState, 'ready' | 'parked' | 'held' | 'blocked'>

export const TIMED_STATES: readonly TimedState[] = [
  'scheduled',
  'active',
  'completed',
  'dead',
  'cancelled',
]

/** One statement of one seek for each answer, however many jobs there are. */
export function readQueueOverview(db: SqlDatabase, queue: string): QueueOverview {
  const [row] = db.run(OVERVIEW, [queue])
  if (row === undefined) return EMPTY
  const earliest = (state: TimedState): number | null => readNumberOrNull(row, state)
  return {
    paused: readNumber(row, 'paused') === 1,
    ready: readNumber(row, 'ready') === 1,
    earliest: {
      scheduled: earliest('scheduled'),
      active: earliest('active'),
      completed: earliest('completed'),
      dead: earliest('dead'),
      cancelled: earliest('cancelled'),
    },
    deduplication: readNumberOrNull(row, 'deduplication'),
  }
}

/**
 * When the queue next needs a worker, ms since 1970: 0 when jobs are ready, `null` when no job
 * waits or claims are paused.
 */
export function wakeAtOf(
  { paused, ready, earliest }: QueueOverview,
  leases?: Pick<LeaseView, 'endOf'>,
): number | null {
  if (paused) return null
  if (ready) return 0
  const next = Math.min(
    earliest.scheduled ?? Infinity,
    leases?.endOf(earliest.active ?? Infinity) ?? earliest.active ?? Infinity,
  )
  return next === Infinity ? null : next
}

/** A database without tables yet answers nothing. */
const EMPTY: QueueOverview = {
  paused: false,
  ready: false,
  earliest: { scheduled: null, active: null, completed: null, dead: null, cancelled: null },
  deduplication: null,
}

const OVERVIEW = `SELECT
  EXISTS (SELECT 1 FROM reuse_paused_queues WHERE queue = asked.queue) AS paused,
  EXISTS (SELECT 1 FROM reuse_jobs WHERE queue = asked.queue AND state = ${codeOfState('ready')}) AS ready,
  ${TIMED_STATES.map(
    (state) =>
      `(SELECT min(rank) FROM reuse_jobs WHERE queue = asked.queue AND state = ${codeOfState(state)}) AS ${state},`,
  ).join('\n  ')}
  (SELECT min(until) FROM reuse_deduplication WHERE queue = asked.queue AND until IS NOT NULL) AS deduplication
  FROM (SELECT ? AS queue) AS asked`
