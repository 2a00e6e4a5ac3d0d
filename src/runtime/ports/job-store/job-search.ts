import { checkInteger } from '../../../primitives/check-range.ts'
import { checkPageLimit, JOB_LIMITS } from './job-limits.ts'
import { JOB_STATES, type JobState } from './job-state.ts'
import type { ListJobsOptions } from './job-store.ts'
import { checkTag } from './job-tags.ts'

/** Which jobs a search finds: those that fit all that is given. */
export interface JobFilter {
  readonly state?: JobState
  /** Any of these, each once; not beside `state`. Default: all. */
  readonly states?: readonly JobState[]
  /** The kind of job, whole. */
  readonly name?: string
  /** One that it was added with, whole. */
  readonly tag?: string
  /** How its id begins. */
  readonly idPrefix?: string
  /** Added at or after, ms since 1970 on the job store's clock. */
  readonly since?: number
  /** And before. */
  readonly until?: number
}

/** Ids of jobs; `cursor` asks for the next ones, `null` where these are the last. */
export interface JobIdPage {
  readonly ids: readonly string[]
  readonly cursor: string | null
}

/** What is looked at before a job itself is read. */
export interface JobGlance {
  readonly id: string
  readonly name: unknown
  /** `null` where an index names a job that is gone. */
  readonly state: JobState | null
  readonly addedAt: number
  /** Where the search goes on behind it. */
  readonly cursor: string
}

const LIST = 'list jobs'
/** No job was added then or later. */
const LATEST = 1e15

/**
 * @returns Whether it asks for the jobs of one state alone
 * @throws RangeError when something of it no job can have; TypeError when it is of another type
 */
export function checkSearch(options: ListJobsOptions): boolean {
  const { state, states, name, tag, idPrefix, since, until, limit, cursor } = options
  if (limit !== undefined) checkPageLimit(limit)
  if (cursor !== undefined && typeof cursor !== 'string') throw malformedCursor()
  if (state !== undefined && !JOB_STATES.includes(state))
    throw new RangeError(`Cannot ${LIST}: state is none of ${JOB_STATES.join(', ')}`)
  if (states !== undefined) checkStates(states, state)
  for (const [what, text] of [
    ['name', name],
    ['idPrefix', idPrefix],
  ] as const) {
    if (text === undefined) continue
    if (typeof text !== 'string')
      throw new TypeError(`Cannot ${LIST}: ${what} is a ${typeof text}, text expected`)
    if (text.length === 0 || text.length > 300 || !text.isWellFormed())
      throw new RangeError(`Cannot ${LIST}: ${what} is none that a job can have`)
  }
  if (tag !== undefined) checkTag(LIST, tag)
  for (const [what, at] of [
    ['since', since],
    ['until', until],
  ] as const)
    if (at !== undefined) checkInteger(LIST, what, at, 0, LATEST)
  const rest = [states, name, tag, idPrefix, since, until]
  return state !== undefined && rest.every((part) => part === undefined)
}

/**
 * One page of a search: looks at jobs in their order until the page is full or
 * {@link JOB_LIMITS.looked} of them were looked at.
 *
 * @param candidates Are read no further than they are looked at
 * @param read The job itself, and how many characters it has; `null` when it is gone meanwhile
 */
export function searchPage<Job>(
  { limit = 100, ...filter }: ListJobsOptions,
  candidates: Iterable<JobGlance>,
  read: (glance: JobGlance) => { readonly job: Job; readonly chars: number } | null,
): { readonly found: readonly Job[]; readonly cursor: string | null } {
  const found: Job[] = []
  let last: string | null = null
  let looked = 0
  let chars = 0
  for (const glance of candidates) {
    if (looked === JOB_LIMITS.looked || found.length === limit) return { found, cursor: last }
    looked++
    const one = fits(filter, glance) ? read(glance) : null
    if (one !== null) {
      chars += one.chars
      if (found.length > 0 && chars > JOB_LIMITS.replyBytes) return { found, cursor: last }
      found.push(one.job)
    }
    last = glance.cursor
  }
  return { found, cursor: null }
}

/**
 * The states that a search goes through, and where it goes on in the first of them. The cursor of
 * one that names no state begins with the state.
 */
export function statesOf({ state, states = JOB_STATES, cursor }: ListJobsOptions): {
  readonly states: readonly JobState[]
  readonly cursor: string | undefined
  /** Makes a place in a state the cursor of the search. */
  readonly cursorIn: (state: JobState, place: string) => string
} {
  if (state !== undefined) return { states: [state], cursor, cursorIn: (_, place) => place }
  const cursorIn = (one: JobState, place: string): string => `${one}|${place}`
  if (cursor === undefined) return { states, cursor, cursorIn }
  const at = cursor.indexOf('|')
  const first = states.findIndex((one) => one === cursor.slice(0, at))
  if (at < 1 || first === -1) throw malformedCursor()
  return { states: states.slice(first), cursor: cursor.slice(at + 1), cursorIn }
}

/** @returns When the job was added behind which a search by tag goes on, and its id */
export function placeOfTagCursor(
  cursor: string | undefined,
): { readonly addedAt: number; readonly id: string } | null {
  if (cursor === undefined) return null
  const [, addedAt, id] = /^(\d{1,16}) (.+)$/s.exec(cursor) ?? []
  if (addedAt === undefined || id === undefined || !id.isWellFormed()) throw malformedCursor()
  return { addedAt: Number(addedAt), id }
}

/** The cursor of a search by tag behind this job. */
export function tagCursorOf({ addedAt, id }: Pick<JobGlance, 'addedAt' | 'id'>): string {
  return `${addedAt} ${id}`
}

export function malformedCursor(): RangeError {
  return new RangeError('Cannot list jobs: the cursor is malformed, one of a page before expected')
}

function checkStates(states: unknown, state: JobState | undefined): void {
  const isSome =
    Array.isArray(states) &&
    states.length > 0 &&
    new Set(states).size === states.length &&
    states.every((one: unknown) => JOB_STATES.some((state) => state === one))
  if (!isSome)
    throw new RangeError(
      `Cannot ${LIST}: states are not some of ${JOB_STATES.join(', ')}, each once`,
    )
  if (state !== undefined)
    throw new RangeError(`Cannot ${LIST}: state is given with states, one of them expected`)
}

function fits(
  { state, states, name, idPrefix, since, until }: JobFilter,
  glance: JobGlance,
): boolean {
  return (
    glance.state !== null &&
    (state === undefined || glance.state === state) &&
    (states === undefined || states.includes(glance.state)) &&
    (name === undefined || glance.name === name) &&
    (idPrefix === undefined || glance.id.startsWith(idPrefix)) &&
    (since === undefined || glance.addedAt >= since) &&
    (until === undefined || glance.addedAt < until)
  )
}
