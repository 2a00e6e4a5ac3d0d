import { encodeJson, type EncodedJob } from '../../ports/job-store/job-limits.ts'
import type {
  ClaimedJob,
  Exchange,
  FinishedChild,
  JobRecord,
  Settlement,
} from '../../ports/job-store/job-store.ts'
import {
  instantOf,
  JOB_STATES,
  RECORD_UNREADABLE_ERROR,
  type JobFacts,
  type JobState,
} from '../../ports/job-store/job-state.ts'
import type { QueueEvent, QueueEventType } from '../../ports/job-store/queue-event.ts'
import type { Json } from '../../ports/json.ts'
import { STATE_LETTERS } from './job-layout.ts'

const STATES: ReadonlyMap<string, JobState> = new Map(
  JOB_STATES.map((state) => [STATE_LETTERS[state], state]),
)

/** Whether a text in `jobs` can be understood at all: a state, attempts, token, place and so on. */
const FACTS = /^[rsacdxphb] \d+(?:\/\d+)? \d+ \d{16} \d \S+ \d+ \d/
const UNKNOWN_FACTS = '- 0 0 0 0 - 0 1 0 0 0 '
const NO_BODY = '=["",null,null]'

const CHILD_STATES: Readonly<Record<string, FinishedChild['state']>> = {
  c: 'completed',
  d: 'dead',
  x: 'cancelled',
}

/** A job to add, with the ids that it is added with. */
export interface NewJobPosition {
  readonly id: string
  /** The id of the job that follows when this one is kept for later. */
  readonly spareId: string
  /** Whether other jobs of the batch name this one as their parent. */
  readonly isParent: boolean
}

/** @returns The arguments of `addJobsScript` */
export function encodeNewJobs(
  jobs: readonly EncodedJob[],
  positions: readonly NewJobPosition[],
): readonly string[] {
  return jobs.flatMap((job, index) => {
    const position = positions[index]
    return position === undefined ? [] : encodeNewJob(job, position)
  })
}

function encodeNewJob(job: EncodedJob, position: NewJobPosition): readonly string[] {
  return [
    toField(position.id),
    `=[${JSON.stringify(job.name)},\n${job.options},\n${job.data}]`,
    encodeTerms(job),
    String(job.priority),
    toFlag(job.lifo),
    String(job.delayMs),
    encodeURIComponent(job.deduplicationId ?? ''),
    String(job.deduplicationTtlMs),
    encodeMore(job, position),
  ]
}

/** @returns The arguments of `exchangeJobsScript` for one settlement */
export function encodeSettlement({ id, token, outcome }: Settlement): readonly string[] {
  const job = [toField(id), String(token)]
  switch (outcome.to) {
    case 'completed':
      return [...job, 'c', '0', encodeNote('result', outcome.result), '']
    case 'dead':
      return [...job, 'd', '0', encodeNote('error', outcome.error), '']
    case 'parked':
      return [...job, 'p', '0', encodeNote('error', outcome.error), '']
    case 'cancelled':
      return [...job, 'x', '0', '', '']
    case 'blocked': {
      const { children, data } = outcome
      return [
        ...job,
        'b',
        String(children.length),
        '',
        data === undefined ? '' : encodeJson('data', data),
      ]
    }
    case 'scheduled':
      return [
        ...job,
        outcome.refund === true ? 'f' : 's',
        String(Math.ceil(outcome.delayMs)),
        encodeNote('error', outcome.error),
        outcome.data === undefined ? '' : encodeJson('data', outcome.data),
      ]
  }
}

/** @returns The arguments of `exchangeJobsScript` for one extension */
export function encodeExtension(
  extension: NonNullable<Exchange['extend']>[number],
): readonly string[] {
  const { id, token, leaseMs, progress } = extension
  return [toField(id), String(token), String(leaseMs), encodeNote('progress', progress)]
}

/** @param text An event, as `listEventsScript` answers it */
export function decodeQueueEvent(text: string, cursor: string): QueueEvent {
  const [, head = '', name = '""', id = ''] = /^([^\n]*)\n([^\n]*)\n(.*)$/s.exec(text) ?? []
  const [type, attempt, at] = head.split(' ')
  return {
    cursor,
    // Written by the scripts.
    type: type as QueueEventType,
    id: fromField(id),
    name: decodeName(name),
    attempt: Number(attempt),
    at: Number(at),
  }
}

/**
 * @param parts Id, facts, body and error, as `exchangeJobsScript` answers them
 * @throws SyntaxError when a part is not the JSON that it was written as
 */
export function decodeClaimedJob([
  id = '',
  facts = '',
  body = '',
  error = '',
]: readonly string[]): ClaimedJob {
  const [name, options, data] = decodeBody(body)
  const [, attempt = '', token, , , , priority, maxAttempts = '', , , addedAt] = facts.split(
    ' ',
    11,
  )
  const [, crashes] = attempt.split('/')
  return {
    id: fromField(id),
    name,
    data,
    options,
    token: Number(token),
    attempt: Number.parseInt(attempt, 10),
    maxAttempts: Number.parseInt(maxAttempts, 10),
    ...(crashes !== undefined && { crashes: Number(crashes) }),
    priority: Number(priority),
    addedAt: Number(addedAt),
    lastError: decodeNote(error),
  }
}

/**
 * Of a record that cannot be read what can be: no name, no data, and an error that says so.
 *
 * @param parts Id, facts, body, rank, error, progress, result and tags, as `listJobsScript`
 *   answers them
 * @param state Where it stands, should the facts not say it
 */
export function decodeJobRecord(parts: readonly string[], state: JobState = 'parked'): JobRecord {
  const [
    id = '',
    found = '',
    body = '',
    rank = '',
    error = '',
    progress = '',
    result = '',
    tags = '',
  ] = parts
  const facts = FACTS.test(found) ? found : UNKNOWN_FACTS
  const job = readOr(
    () => decodeClaimedJob([id, facts, body, error]),
    () => ({
      ...decodeClaimedJob([id, facts, NO_BODY, '']),
      lastError: RECORD_UNREADABLE_ERROR,
    }),
  )
  const [letter = '', , , , flags, , , , keepCompletedMs = '', keepDeadMs = ''] = facts.split(
    ' ',
    10,
  )
  const jobFacts: JobFacts = {
    state: STATES.get(letter) ?? state,
    rank: Number(rank.slice(1)),
    priority: job.priority,
    token: job.token,
    attempt: job.attempt,
    maxAttempts: job.maxAttempts,
    crashes: 0,
    maxCrashes: null,
    cancelRequested: flags === '1' || flags === '3',
    pending: 0,
    keepCompletedMs: Number.parseInt(keepCompletedMs, 10),
    keepDeadMs: Number.parseInt(keepDeadMs, 10),
  }
  return {
    ...job,
    state: jobFacts.state,
    at: instantOf(jobFacts),
    progress: readOr(() => decodeNote(progress), nothing),
    result: readOr(() => decodeNote(result), nothing),
    ...(tags !== '' && { tags: decodeTags(tags) }),
    cancelRequested: jobFacts.cancelRequested,
  }
}

/** @param parts Id and end, as `listChildrenScript` answers them */
export function decodeChild([id = '', text = '']: readonly string[]): FinishedChild {
  const nameEnd = text.indexOf('\n')
  const stateAt = text.indexOf(' ') + 1
  const state = CHILD_STATES[text.charAt(stateAt)] ?? 'removed'
  const note = readOr(() => decodeNote(text.slice(nameEnd + 1)), nothing)
  return {
    id: fromField(id),
    name: decodeName(text.slice(stateAt + 1, nameEnd)),
    state,
    result: state === 'completed' ? note : null,
    error: state === 'completed' ? null : note,
  }
}

/** Ids carry a `=` in Redis, so that a client that decodes JSON takes none of them for it. */
export function toField(id: string): string {
  return `=${id}`
}

/** Undoes {@link toField}. */
export function fromField(field: string): string {
  return field.slice(1)
}

function encodeTerms(job: EncodedJob): string {
  const completed = encodeKeeping(job.keepCompletedMs, job.keepCompletedCount)
  const dead = encodeKeeping(job.keepDeadMs, job.keepDeadCount)
  const crashes = job.maxCrashes === null ? '' : `/${job.maxCrashes}`
  return `${job.priority} ${job.maxAttempts}${crashes} ${completed} ${dead}`
}

function encodeKeeping(ms: number, count: number | null): string {
  return count === null ? String(ms) : `${ms}/${count}`
}

function encodeMore(job: EncodedJob, { spareId, isParent }: NewJobPosition): string {
  const flags = [job.replace, job.deduplicationExtend, job.deduplicationKeepLast, isParent].map(
    toFlag,
  )
  const tags = job.tags.length === 0 ? '' : ` =${job.tags.map(encodeTag).join(',')}`
  const isPlain = job.group === null && job.parent === null && job.failsParent && tags === ''
  if (!flags.includes('1') && isPlain) return ''
  const group = encodeURIComponent(job.group ?? '')
  const parent = encodeURIComponent(job.parent ?? '')
  return `${flags.join('')} ${group} ${job.groupLimit} ${parent} ${toFlag(job.failsParent)} ${spareId}${tags}`
}

/** A tag without spaces, commas and control characters. */
export function encodeTag(tag: string): string {
  return encodeURIComponent(tag)
}

function decodeTags(text: string): readonly string[] {
  return text === '' ? [] : text.slice(1).split(',').map(decodeURIComponent)
}

export function toFlag(value: boolean): string {
  return value ? '1' : '0'
}

function decodeBody(body: string): readonly [string, Json, Json] {
  // encodeNewJob wrote the text: a name and two JSON values.
  const parts = JSON.parse(body.slice(1)) as [string, Json, Json]
  if (Array.isArray(parts) && parts.length === 3 && typeof parts[0] === 'string') return parts
  throw new SyntaxError('Cannot read job: the body is no list of a name, options and data')
}

/** The name of a job as JSON, or none where it cannot be read. */
function decodeName(json: string): string {
  const name = readOr(() => JSON.parse(json) as Json, nothing)
  return typeof name === 'string' ? name : ''
}

/** What `read` answers, or `otherwise` where the text is not the JSON that it was written as. */
export function readOr<Value>(read: () => Value, otherwise: () => Value): Value {
  try {
    return read()
  } catch (error) {
    if (error instanceof SyntaxError) return otherwise()
    throw error
  }
}

function nothing(): null {
  return null
}

function encodeNote(what: string, value: Json | undefined): string {
  return value === undefined ? '' : `=${encodeJson(what, value)}`
}

function decodeNote(note: string): Json {
  // encodeNote wrote the text from a Json value.
  return note === '' ? null : (JSON.parse(note.slice(1)) as Json)
}
