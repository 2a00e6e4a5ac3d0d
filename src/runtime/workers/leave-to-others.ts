import { readThrown } from '../../primitives/read-thrown.ts'
import type { JobOutcome } from '../ports/job-store/job-outcome.ts'
import type { ClaimedJob } from '../ports/job-store/job-store.ts'
import type { Json } from '../ports/json.ts'
import { systemReport, type Report } from '../ports/platform/report.ts'
import { callQuietly } from '../../primitives/call-quietly.ts'
import { keepLatest } from '../../primitives/lru-cache.ts'

/** Why this code cannot run a job. */
export interface UnknownJob {
  readonly code: UnknownCode
  readonly message: string
  /** What of it is unknown, where the job's name and data do not say that. */
  readonly detail?: Json
}

type UnknownCode = (typeof CODES)[number]

/** Codes of jobs that are left to others, and parked in the end. */
const CODES = ['unknown_job', 'saga_version'] as const
const FIRST_WAIT_MS = 1000
const LONGEST_WAIT_MS = 15_000
/** How long a job is left to others before it is parked: longer than most deploys take. */
const LEFT_FOR_MS = 600_000
const MOST_SAID = 1000

/**
 * What becomes of a job that this code does not know. Workers of another deploy may know it, so it
 * is left to them, without an attempt spent; once nobody has known it for ten minutes it is parked.
 *
 * Each wait is doubled, up to 15 s, and half of it is left to chance, so that many jobs do not come
 * back all at once, to the worker that is fastest because it runs none of them.
 *
 * @param fraction Chance, in [0, 1)
 */
export function leaveToOthers(
  { lastError }: Pick<ClaimedJob, 'lastError'>,
  { code, message, detail }: UnknownJob,
  fraction: number,
): JobOutcome {
  const note = noteOf(lastError)
  const waitedMs = note?.waitedMs ?? 0
  const before = errorBefore(lastError)
  const kept = { ...(detail !== undefined && { detail }), ...(before !== null && { before }) }
  if (waitedMs >= LEFT_FOR_MS) return { to: 'parked', error: { code, message, waitedMs, ...kept } }
  const fullMs = Math.min(Math.max(waitedMs, FIRST_WAIT_MS), LONGEST_WAIT_MS)
  const delayMs = Math.ceil(fullMs * (0.5 + fraction / 2))
  const error = { code, message, waitedMs: waitedMs + delayMs, ...kept }
  return { to: 'scheduled', delayMs, refund: true, error }
}

/** Whether a job waits, or is parked, because workers did not know it. */
export function isLeftToOthers(lastError: Json): boolean {
  return noteOf(lastError) !== null
}

/** The `detail` of what workers did not know of a job. */
export function unknownDetail(lastError: Json): Json {
  return noteOf(lastError)?.detail ?? null
}

/** What a job's last attempt left as its error, before workers that did not know it had it. */
export function errorBefore(lastError: Json): Json {
  const note = noteOf(lastError)
  return note === null ? lastError : (note.before ?? null)
}

/** Says once of each kind of job that it is left to others, and once that it is parked. */
export interface UnknownJobReport {
  /** @param what Tells one kind of job from another */
  say(queue: string, what: string, outcome: JobOutcome, unknown: UnknownJob): void
}

/** @param report Default: the console */
export function createUnknownJobReport(report: Report = systemReport): UnknownJobReport {
  const said = new Map<string, true>()
  return {
    say(queue, what, { to }, { message }) {
      const key = `${to} ${queue} ${what}`
      if (said.has(key)) return
      keepLatest(said, MOST_SAID, key, true)
      const fate =
        to === 'parked'
          ? 'It is parked until a worker that knows it starts'
          : `It is left to others, and parked if none of them knows it within ${LEFT_FOR_MS / 60_000} minutes`
      callQuietly(() => report(`${fate} (queue ${queue})`, new Error(message)))
    },
  }
}

interface LeftNote {
  readonly waitedMs: number
  readonly before?: Json
  readonly detail?: Json
}

function noteOf(lastError: Json): LeftNote | null {
  if (typeof lastError !== 'object' || lastError === null || Array.isArray(lastError)) return null
  const { waitedMs, before, detail } = lastError as { readonly [key: string]: Json }
  const { code } = readThrown(lastError)
  if (!CODES.some((known) => known === code)) return null
  // One of before there were waits: it was parked at once.
  return {
    waitedMs: typeof waitedMs === 'number' ? waitedMs : 0,
    ...(before !== undefined && { before }),
    ...(detail !== undefined && { detail }),
  }
}
