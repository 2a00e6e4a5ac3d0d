import type { ClaimedJob, JobRecord } from '../ports/job-ledger.ts'
import { instantOf, JOB_STATES, type JobFacts, type JobState } from '../ports/job-state.ts'
import { BackendError } from '../ports/errors.ts'
import { readJson, readNumber, readNumberOrNull, readText, readTextOrNull } from './read-column.ts'
import type { SqlRow } from './sql-database.ts'

/** A job as its table holds it, without what it carries. */
export interface JobRow extends JobFacts {
  readonly id: string
  /** Order within one rank; negative and falling for jobs that go ahead. */
  readonly seq: number
  /** Whether it is to be found by index in every state, because its id does not say where it stands. */
  readonly keyed: boolean
  /** The deduplication id that it holds until it has finished. */
  readonly deduplication: string | null
  readonly group: string | null
  readonly groupLimit: number
  /** What tells this parent from every other of its id; `null` for a job that never had children. */
  readonly flow: number | null
  readonly parent: string | null
  /** The `flow` of the parent it was added under. */
  readonly parentFlow: number | null
  readonly failsParent: boolean
}

/** The columns of {@link jobRowOf}. */
export const JOB_COLUMNS = `state, rank, seq, id, keyed, priority, token, attempt, max_attempts, cancel_requested,
  keep_completed_ms, keep_dead_ms, deduplication, group_key, group_limit, pending, flow, parent, parent_flow, fails_parent`

/** The columns of {@link claimedJobOf}. */
export const CLAIM_COLUMNS: string = [JOB_COLUMNS, 'added_at, name, options, error, data'].join(
  ', ',
)

/** The columns of {@link jobRecordOf}. */
export const RECORD_COLUMNS: string = [CLAIM_COLUMNS, 'progress, result'].join(', ')

/** A state as it is stored: its place in {@link JOB_STATES}. */
export function codeOfState(state: JobState): number {
  return JOB_STATES.indexOf(state)
}

export function jobRowOf(row: SqlRow): JobRow {
  const state = JOB_STATES[readNumber(row, 'state')]
  if (state === undefined)
    throw new BackendError(
      'backend_failed',
      `Cannot read job: state ${readNumber(row, 'state')} is unknown, 0 to ${JOB_STATES.length - 1} expected`,
    )
  return {
    state,
    rank: readNumber(row, 'rank'),
    seq: readNumber(row, 'seq'),
    id: readText(row, 'id'),
    keyed: readNumber(row, 'keyed') === 1,
    priority: readNumber(row, 'priority'),
    token: readNumber(row, 'token'),
    attempt: readNumber(row, 'attempt'),
    maxAttempts: readNumber(row, 'max_attempts'),
    cancelRequested: readNumber(row, 'cancel_requested') === 1,
    keepCompletedMs: readNumber(row, 'keep_completed_ms'),
    keepDeadMs: readNumber(row, 'keep_dead_ms'),
    deduplication: readTextOrNull(row, 'deduplication'),
    group: readTextOrNull(row, 'group_key'),
    groupLimit: readNumber(row, 'group_limit'),
    pending: readNumber(row, 'pending'),
    flow: readNumberOrNull(row, 'flow'),
    parent: readTextOrNull(row, 'parent'),
    parentFlow: readNumberOrNull(row, 'parent_flow'),
    failsParent: readNumber(row, 'fails_parent') === 1,
  }
}

/** @param facts What the claim made of the job that `row` holds */
export function claimedJobOf(
  row: SqlRow,
  { token, attempt, maxAttempts, priority }: JobFacts,
): ClaimedJob {
  return {
    id: readText(row, 'id'),
    name: readText(row, 'name'),
    data: readJson(row, 'data'),
    options: readJson(row, 'options'),
    token,
    attempt,
    maxAttempts,
    priority,
    addedAt: readNumber(row, 'added_at'),
    lastError: readJson(row, 'error'),
  }
}

export function jobRecordOf(row: SqlRow): JobRecord {
  const facts = jobRowOf(row)
  return {
    ...claimedJobOf(row, facts),
    state: facts.state,
    at: instantOf(facts),
    progress: readJson(row, 'progress'),
    result: readJson(row, 'result'),
    cancelRequested: facts.cancelRequested,
  }
}
