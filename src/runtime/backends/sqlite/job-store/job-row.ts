import type { ClaimedJob, JobRecord } from '../../../ports/job-store/job-store.ts'
import {
  instantOf,
  JOB_STATES,
  type JobFacts,
  type JobState,
} from '../../../ports/job-store/job-state.ts'
import { BackendError } from '../../../ports/backend-error.ts'
import type { KeptCounts } from '../../../ports/job-store/kept-bounds.ts'
import { decodeTerms } from './job-terms.ts'
import { decodeTies, type JobTies } from './job-ties.ts'
import { readJson, readNumber, readText, readTextOrNull } from '../database/read-column.ts'
import type { SqlRow } from '../database/sql-database.ts'

/** A job as its table holds it, without what it carries. */
export interface JobRow extends JobFacts, JobTies, KeptCounts {
  readonly id: string
  /** Order within one rank; negative and falling for jobs that go ahead. */
  readonly seq: number
}

/** The columns of {@link jobRowOf}. */
export const JOB_COLUMNS = 'state, rank, seq, id, token, attempt, cancel_requested, terms, ties'

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
  const terms = decodeTerms(readText(row, 'terms'))
  const ties = decodeTies(readTextOrNull(row, 'ties'))
  return {
    state,
    rank: readNumber(row, 'rank'),
    seq: readNumber(row, 'seq'),
    id: readText(row, 'id'),
    token: readNumber(row, 'token'),
    attempt: readNumber(row, 'attempt'),
    cancelRequested: readNumber(row, 'cancel_requested') === 1,
    priority: terms.priority,
    maxAttempts: terms.maxAttempts,
    keepCompletedMs: terms.keepCompletedMs,
    keepDeadMs: terms.keepDeadMs,
    keepCompletedCount: terms.keepCompletedCount,
    keepDeadCount: terms.keepDeadCount,
    keyed: ties.keyed,
    deduplication: ties.deduplication,
    group: ties.group,
    groupLimit: ties.groupLimit,
    pending: ties.pending,
    flow: ties.flow,
    parent: ties.parent,
    parentFlow: ties.parentFlow,
    failsParent: ties.failsParent,
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
