import type { ClaimedJob, JobRecord } from '../../../ports/job-store/job-store.ts'
import {
  instantOf,
  JOB_STATES,
  RECORD_UNREADABLE_ERROR,
  type JobFacts,
  type JobState,
} from '../../../ports/job-store/job-state.ts'
import { BackendError } from '../../../ports/backend-error.ts'
import type { KeptCounts } from '../../../ports/job-store/kept-bounds.ts'
import { orBroken, readJson, readNumber, readText, readTextOrNull } from '../database/columns.ts'
import type { SqlRow } from '../database/sql-database.ts'
import { PARTS, wholeColumn } from './job-parts.ts'

/** What ties a job to its id, its group and its flow. A plain job has none of it. */
export interface JobRelations {
  /**
   * Whether its position is indexed in every state, because its id does not say where it stands.
   */
  readonly keyed: boolean
  /** Kept here since it is 0 for nearly every job. */
  readonly crashes: number
  /** Whether a large value of it stands beside its row, or did. */
  readonly aside: boolean
  /** The deduplication id that it holds until it has finished. */
  readonly deduplication: string | null
  readonly group: string | null
  readonly groupLimit: number
  /** Children that have not finished. */
  readonly pending: number
  /**
   * What tells this parent from every other of its id; `null` for a job that never had children.
   */
  readonly flow: number | null
  readonly parent: string | null
  /** The `flow` of the parent it was added under. */
  readonly parentFlow: number | null
  readonly failsParent: boolean
  /** Further parents, under which it was to be added while it was there. */
  readonly otherParents: readonly ParentTie[] | null
  /** What it is found by besides; `null` for none. */
  readonly tags: readonly string[] | null
}

/** What ties a job to one that waits for it. */
export interface ParentTie {
  readonly parent: string
  /** The `flow` of the parent. */
  readonly flow: number | null
  /** Whether the parent is dead when this job is. */
  readonly fails: boolean
}

/** What a job was added with and only a job that takes its place changes. */
type JobSettings = KeptCounts &
  Pick<JobFacts, 'priority' | 'maxAttempts' | 'maxCrashes' | 'keepCompletedMs' | 'keepDeadMs'>

/** A job as its table holds it, without what it carries. */
export interface JobRow extends JobFacts, JobRelations, KeptCounts {
  readonly id: string
  /** Order within one rank; negative and falling for jobs that go ahead. */
  readonly seq: number
  /** Present where the row holds something that this version did not write and cannot read. */
  readonly unreadable?: true
}

/** The columns of {@link jobRowOf}. */
export const JOB_COLUMNS = 'state, rank, seq, id, token, attempt, cancel_requested, terms, ties'

/** The columns of {@link claimedJobOf}. */
export const CLAIM_COLUMNS: string = [JOB_COLUMNS, 'added_at, name, options, error, data'].join(
  ', ',
)

/** The columns of {@link jobRecordOf}, with marks where a value is large. */
export const RECORD_COLUMNS: string = [CLAIM_COLUMNS, 'progress, result'].join(', ')

/** The columns of {@link jobRecordOf}. */
export const WHOLE_RECORD_COLUMNS: string = [
  JOB_COLUMNS,
  'added_at, name',
  ...PARTS.map(wholeColumn),
].join(', ')

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
  const settings = orBroken(() => decodeSettings(readText(row, 'terms')), BROKEN_SETTINGS)
  const relations = orBroken(() => decodeRelations(readTextOrNull(row, 'ties')), BROKEN_RELATIONS)
  return {
    state,
    rank: readNumber(row, 'rank'),
    seq: readNumber(row, 'seq'),
    id: readText(row, 'id'),
    token: readNumber(row, 'token'),
    attempt: readNumber(row, 'attempt'),
    cancelRequested: readNumber(row, 'cancel_requested') === 1,
    priority: settings.priority,
    maxAttempts: settings.maxAttempts,
    crashes: relations.crashes,
    aside: relations.aside,
    maxCrashes: settings.maxCrashes,
    keepCompletedMs: settings.keepCompletedMs,
    keepDeadMs: settings.keepDeadMs,
    keepCompletedCount: settings.keepCompletedCount,
    keepDeadCount: settings.keepDeadCount,
    keyed: relations.keyed,
    deduplication: relations.deduplication,
    group: relations.group,
    groupLimit: relations.groupLimit,
    pending: relations.pending,
    flow: relations.flow,
    parent: relations.parent,
    parentFlow: relations.parentFlow,
    failsParent: relations.failsParent,
    otherParents: relations.otherParents,
    tags: relations.tags,
    ...((settings === BROKEN_SETTINGS || relations === BROKEN_RELATIONS) && { unreadable: true }),
  }
}

/**
 * @param facts What the claim made of the job that `row` holds
 * @throws SyntaxError or BackendError when the row holds something that this version did not write
 */
export function claimedJobOf(
  row: SqlRow,
  { token, attempt, maxAttempts, crashes, priority }: JobFacts,
): ClaimedJob {
  return {
    id: readText(row, 'id'),
    name: readText(row, 'name'),
    data: readJson(row, 'data'),
    options: readJson(row, 'options'),
    token,
    attempt,
    maxAttempts,
    ...(crashes > 0 && { crashes }),
    priority,
    addedAt: readNumber(row, 'added_at'),
    lastError: readJson(row, 'error'),
  }
}

/** Of a row that cannot be read what can be: no name, no data, and an error that says so. */
export function jobRecordOf(row: SqlRow): JobRecord {
  const facts = jobRowOf(row)
  const read = facts.unreadable ? null : orBroken(() => claimedJobOf(row, facts), null)
  return {
    ...(read ?? {
      ...claimedJobOf({ ...row, ...NO_PAYLOAD }, facts),
      lastError: RECORD_UNREADABLE_ERROR,
    }),
    state: facts.state,
    at: instantOf(facts),
    progress: orBroken(() => readJson(row, 'progress'), null),
    result: orBroken(() => readJson(row, 'result'), null),
    ...(facts.tags !== null && { tags: facts.tags }),
    cancelRequested: facts.cancelRequested,
  }
}

/** In the place of columns that cannot be read. */
const NO_PAYLOAD = { name: '', data: null, options: null, error: null }

const UNBOUNDED = { maxCrashes: null, keepCompletedCount: null, keepDeadCount: null }

/** The jobs of a queue mostly have the same settings: the text last read and what it says. */
let last: { readonly text: string; readonly settings: JobSettings } | undefined

/**
 * The settings of a job as the column `terms` holds them, so that a row has few columns to read.
 */
export function encodeSettings(settings: JobSettings): string {
  const { priority, maxAttempts, keepCompletedMs, keepDeadMs } = settings
  return JSON.stringify({
    priority,
    maxAttempts,
    keepCompletedMs,
    keepDeadMs,
    // Left out where there is none.
    maxCrashes: settings.maxCrashes ?? undefined,
    keepCompletedCount: settings.keepCompletedCount ?? undefined,
    keepDeadCount: settings.keepDeadCount ?? undefined,
  })
}

/** @param text Of {@link encodeSettings} */
function decodeSettings(text: string): JobSettings {
  if (last?.text !== text) {
    const settings: JobSettings = { ...UNBOUNDED, ...(JSON.parse(text) as JobSettings) }
    const { priority, maxAttempts, keepCompletedMs, keepDeadMs } = settings
    if (![priority, maxAttempts, keepCompletedMs, keepDeadMs].every(Number.isFinite))
      throw new SyntaxError('Cannot read job: a setting is no number')
    last = { text, settings }
  }
  return last.settings
}

export function hasSameSettings(one: JobSettings, other: JobSettings): boolean {
  return (
    one.priority === other.priority &&
    one.maxAttempts === other.maxAttempts &&
    one.maxCrashes === other.maxCrashes &&
    one.keepCompletedMs === other.keepCompletedMs &&
    one.keepDeadMs === other.keepDeadMs &&
    one.keepCompletedCount === other.keepCompletedCount &&
    one.keepDeadCount === other.keepDeadCount
  )
}

const BROKEN_KEPT_MS = 604_800_000
/** Of a job that is parked since what it was added with cannot be read. */
const BROKEN_SETTINGS: JobSettings = {
  ...UNBOUNDED,
  priority: 0,
  maxAttempts: 1,
  keepCompletedMs: 0,
  keepDeadMs: BROKEN_KEPT_MS,
}

const UNRELATED: JobRelations = {
  keyed: false,
  crashes: 0,
  aside: false,
  deduplication: null,
  group: null,
  groupLimit: 1,
  pending: 0,
  flow: null,
  parent: null,
  parentFlow: null,
  failsParent: true,
  otherParents: null,
  tags: null,
}
/**
 * Of a job whose group and flow cannot be read; an index finds it whatever its id was, and what may
 * stand aside of it goes with it.
 */
const BROKEN_RELATIONS: JobRelations = { ...UNRELATED, keyed: true, aside: true }
// The keys of a literal of that type.
const NAMES = Object.keys(UNRELATED) as readonly (keyof JobRelations)[]

/**
 * @returns For the column `ties`: JSON text of what is not as in a plain job, or `null` when
 *   nothing is
 */
export function encodeRelations(relations: JobRelations): string | null {
  let text: Record<string, unknown> | null = null
  for (const name of NAMES)
    if (relations[name] !== UNRELATED[name]) (text ??= {})[name] = relations[name]
  return text === null ? null : JSON.stringify(text)
}

/** @param text Of {@link encodeRelations} */
function decodeRelations(text: string | null): JobRelations {
  return text === null
    ? UNRELATED
    : { ...UNRELATED, ...(JSON.parse(text) as Partial<JobRelations>) }
}

/** Whether what may change in a job's life is the same: its keying and its flow. */
export function hasSameRelations(one: JobRelations, other: JobRelations): boolean {
  return (
    one.keyed === other.keyed &&
    one.crashes === other.crashes &&
    one.aside === other.aside &&
    one.pending === other.pending &&
    one.flow === other.flow &&
    one.parent === other.parent &&
    one.parentFlow === other.parentFlow &&
    one.failsParent === other.failsParent &&
    one.otherParents === other.otherParents &&
    one.tags === other.tags
  )
}

/** Those that wait for a job, or did. */
export function parentsOf(job: JobRelations): readonly ParentTie[] {
  const { parent, parentFlow: flow, failsParent: fails, otherParents } = job
  return parent === null ? [] : [{ parent, flow, fails }, ...(otherParents ?? [])]
}

/** @returns The job with these parents */
export function withParents<Job extends JobRelations>(
  job: Job,
  [first, ...others]: readonly ParentTie[],
): Job {
  const { parent = null, flow = null, fails = true } = first ?? {}
  const otherParents = others.length === 0 ? null : others
  return { ...job, parent, parentFlow: flow, failsParent: fails, otherParents }
}
