import type { Json } from '../json.ts'
import type { JobOutcome } from './job-outcome.ts'
import type { JobChange } from './job-store.ts'

/**
 * Where a job stands. `scheduled` waits for its time, also between attempts; `held` for its group
 * to have room; `blocked` for its children to finish.
 */
export type JobState =
  | 'ready'
  | 'scheduled'
  | 'active'
  | 'completed'
  | 'dead'
  | 'cancelled'
  | 'parked'
  | 'held'
  | 'blocked'

/** Every state; a backend may store a state as its place here, so new ones come last. */
export const JOB_STATES: readonly JobState[] = [
  'ready',
  'scheduled',
  'active',
  'completed',
  'dead',
  'cancelled',
  'parked',
  'held',
  'blocked',
]

/**
 * What decides a job's next state: the part of its record that the state machine reads and writes.
 */
export interface JobFacts {
  readonly state: JobState
  /**
   * Order within the state, ascending: the priority (`ready`, `held`, `blocked`), or when time will
   * next change the job: its due time (`scheduled`), the end of its lease (`active`), the end of
   * its keeping (finished). `parked`: when it was parked.
   */
  readonly rank: number
  readonly priority: number
  /** Current claim; grows for ever. */
  readonly token: number
  readonly attempt: number
  readonly maxAttempts: number
  /** Leases lost since the last attempt that was spent. */
  readonly crashes: number
  /** More of them make the job dead; `null` where each counts as an attempt. */
  readonly maxCrashes: number | null
  readonly cancelRequested: boolean
  /** Children that have not ended: what keeps a job that would be ready `blocked`. */
  readonly pending: number
  /** After finishing, the record is kept this long; 0 removes it at once. */
  readonly keepCompletedMs: number
  readonly keepDeadMs: number
}

/** What a job is added with, as far as its state depends on it. */
export interface JobTerms {
  readonly priority: number
  readonly delayMs: number
  readonly maxAttempts: number
  readonly maxCrashes: number | null
  readonly keepCompletedMs: number
  readonly keepDeadMs: number
}

/** An outcome as far as the state depends on it. */
export type SettledOutcome =
  | Exclude<JobOutcome, { readonly to: 'blocked' }>
  | { readonly to: 'blocked'; readonly data?: Json }

/** How a job ended. */
export type JobEnd = 'completed' | 'dead' | 'cancelled' | 'removed'

export type JobEvent =
  /**
   * A worker takes a ready job; `mintedToken` is any number at least as great as every token minted
   * before.
   */
  | { readonly type: 'claim'; readonly leaseMs: number; readonly mintedToken: number }
  /** One that waits for children waits for one more than it has, until they are counted. */
  | { readonly type: 'settle'; readonly token: number; readonly outcome: SettledOutcome }
  | { readonly type: 'extend'; readonly token: number; readonly leaseMs: number }
  /** Time passed: a due job becomes ready, a lost lease is taken back, a kept record is dropped. */
  | { readonly type: 'tick' }
  /** A ready job's group is full, or has room again. */
  | { readonly type: 'hold' | 'admit' }
  /** A child ended; `failed` when that makes a parent dead that waits for it. */
  | { readonly type: 'child'; readonly failed: boolean }
  /** A child is to be waited for: one more, or one that had ended and runs again. */
  | { readonly type: 'await' }
  /** Another job takes the place of one that waits. */
  | { readonly type: 'replace'; readonly terms: JobTerms }
  /** `anew`: its error is forgotten. */
  | { readonly type: 'promote'; readonly anew?: boolean | undefined }
  | ({ readonly type: 'change' } & JobChange)
  | { readonly type: 'retry' | 'cancel' | 'remove' }

/**
 * The job's new facts with what else must be written, `removed` when its record goes, or `refused`
 * when the event does not apply.
 */
export type Transition =
  | {
      readonly kind: 'changed'
      readonly facts: JobFacts
      readonly error?: Json
      readonly result?: Json
      readonly data?: Json
    }
  /** `ended`: how, with its notes; `null` when it had ended before, and only its record goes. */
  | {
      readonly kind: 'removed'
      readonly ended: JobEnd | null
      readonly error?: Json
      readonly result?: Json
    }
  | { readonly kind: 'refused' }

/** What a job's record says when its lease was lost once too often. */
export const LEASE_LOST_ERROR: Json = {
  code: 'lease_lost',
  message: 'The worker disappeared, once more than the job was to survive',
}

/** What a record says of which too much is missing or broken to run it: it is parked. */
export const RECORD_UNREADABLE_ERROR: Json = {
  code: 'record_unreadable',
  message: 'What is kept of the job cannot be read',
}

/** What a parent's record says when one of its children failed. */
export const CHILD_FAILED_ERROR: Json = {
  code: 'child_failed',
  message: 'A child of the flow failed',
}

/** What a job's record says when it was to wait for a child that waits for it. */
export const FLOW_CIRCLE_ERROR: Json = {
  code: 'flow_circle',
  message: 'A child that the job was to wait for is held by the job itself or by one above it',
}

/** What a job's record says when it was to run again after its last attempt and nobody said why. */
export const ATTEMPTS_USED_ERROR: Json = {
  code: 'attempts_used',
  message: 'The job was to run again after its last attempt',
}

const REFUSED: Transition = { kind: 'refused' }

/** The facts of a job just added. One with `pending` children is blocked, and its delay is void. */
export function factsOfNew(
  terms: JobTerms,
  { token, pending }: Pick<JobFacts, 'token' | 'pending'>,
  now: number,
): JobFacts {
  const { priority, delayMs, maxAttempts, maxCrashes, keepCompletedMs, keepDeadMs } = terms
  const scheduled = pending === 0 && delayMs > 0
  return {
    state: pending > 0 ? 'blocked' : scheduled ? 'scheduled' : 'ready',
    rank: scheduled ? now + delayMs : priority,
    priority,
    token,
    attempt: 0,
    maxAttempts,
    crashes: 0,
    maxCrashes,
    cancelRequested: false,
    pending,
    keepCompletedMs,
    keepDeadMs,
  }
}

/**
 * The job state machine: pure, and the only place where it stands in TypeScript. Redis keeps a Lua
 * twin that the conformance laws hold to it.
 *
 * @param now The job store's clock, ms since 1970
 */
export function transition(job: JobFacts, event: JobEvent, now: number): Transition {
  switch (event.type) {
    case 'claim':
      if (job.state !== 'ready') return REFUSED
      return changed({
        ...job,
        state: 'active',
        rank: now + event.leaseMs,
        token: Math.max(job.token + 1, event.mintedToken),
        attempt: job.attempt + 1,
      })
    case 'settle':
      return holds(job, event.token) ? settle(job, event.outcome, now) : REFUSED
    case 'extend':
      if (!holds(job, event.token)) return REFUSED
      return changed({ ...job, rank: Math.max(job.rank, now + event.leaseMs) })
    case 'tick':
      return tick(job, now)
    case 'hold':
      return job.state === 'ready' ? changed({ ...job, state: 'held' }) : REFUSED
    case 'admit':
      return job.state === 'held' ? changed({ ...job, state: 'ready' }) : REFUSED
    case 'child':
      return childEnded(job, event.failed, now)
    case 'await':
      return changed(awaiting({ ...job, pending: job.pending + 1 }))
    case 'replace':
      return isWaiting(job.state)
        ? changed(factsOfNew(event.terms, { token: job.token, pending: 0 }, now))
        : REFUSED
    case 'promote':
      if (job.state !== 'scheduled' && job.state !== 'parked') return REFUSED
      return changed(ready(job), event.anew === true ? { error: null } : {})
    case 'change':
      return change(job, event, now)
    case 'retry':
      if (!isFinished(job.state)) return REFUSED
      return changed({ ...ready(job), attempt: 0, crashes: 0 })
    case 'cancel':
      if (job.state === 'active')
        return job.cancelRequested ? REFUSED : changed({ ...job, cancelRequested: true })
      return hasEnded(job.state) ? REFUSED : finish(job, 'cancelled', now)
    case 'remove':
      if (job.state === 'active') return REFUSED
      return { kind: 'removed', ended: hasEnded(job.state) ? null : 'removed' }
  }
}

/**
 * When the job's state says something happened or will: due, end of lease, finished; `null` for
 * ready jobs.
 */
export function instantOf(job: JobFacts): number | null {
  switch (job.state) {
    case 'ready':
    case 'held':
    case 'blocked':
      return null
    case 'completed':
      return job.rank - job.keepCompletedMs
    case 'dead':
    case 'cancelled':
      return job.rank - job.keepDeadMs
    default:
      return job.rank
  }
}

/** Whether the job needs nothing more until someone asks for it. */
export function isFinished(
  state: JobState,
): state is 'completed' | 'dead' | 'cancelled' | 'parked' {
  return hasEnded(state) || state === 'parked'
}

/** Whether the job has an outcome: it is finished, but not `parked`. */
export function hasEnded(state: JobState): state is 'completed' | 'dead' | 'cancelled' {
  return state === 'completed' || state === 'dead' || state === 'cancelled'
}

/**
 * Whether the job waits for nothing but its turn, its time or room in its group, so that another
 * may take its place.
 */
function isWaiting(state: JobState): state is 'ready' | 'held' | 'scheduled' {
  return state === 'ready' || state === 'held' || state === 'scheduled'
}

/** Whether the job is one of those that `group.limit` counts. */
export function takesRoom(state: JobState): state is 'ready' | 'active' {
  return state === 'ready' || state === 'active'
}

/**
 * Whether the job's record has been kept long enough: it is as if gone, though it may still have to
 * be pruned.
 */
export function isForgotten({ state, rank }: JobFacts, now: number): boolean {
  return hasEnded(state) && rank <= now
}

function settle(job: JobFacts, outcome: SettledOutcome, now: number): Transition {
  switch (outcome.to) {
    case 'completed':
      return finish(job, 'completed', now, { result: outcome.result ?? null })
    case 'dead':
      return finish(job, 'dead', now, { error: outcome.error })
    case 'cancelled':
      return finish(job, 'cancelled', now)
    case 'parked':
      return changed(
        { ...job, state: 'parked', rank: now, attempt: job.attempt - 1, cancelRequested: false },
        { error: outcome.error },
      )
    case 'blocked': {
      if (job.cancelRequested) return finish(job, 'cancelled', now)
      const { attempt, pending } = job
      return changed(
        ready({ ...job, attempt: attempt - 1, pending: pending + 1 }),
        outcome.data === undefined ? {} : { data: outcome.data },
      )
    }
    case 'scheduled': {
      if (job.cancelRequested) return finish(job, 'cancelled', now)
      if (outcome.refund !== true && job.attempt >= job.maxAttempts) {
        return finish(job, 'dead', now, { error: outcome.error ?? ATTEMPTS_USED_ERROR })
      }
      const { attempt, crashes } =
        outcome.refund === true
          ? { attempt: job.attempt - 1, crashes: job.crashes }
          : { attempt: job.attempt, crashes: 0 }
      const notes = {
        ...(outcome.error !== undefined && { error: outcome.error }),
        ...(outcome.data !== undefined && { data: outcome.data }),
      }
      if (outcome.delayMs <= 0 || job.pending > 0)
        return changed({ ...ready(job), attempt, crashes }, notes)
      const rank = now + outcome.delayMs
      return changed({ ...job, state: 'scheduled', rank, attempt, crashes }, notes)
    }
  }
}

function change(job: JobFacts, { data, delayMs, priority }: JobChange, now: number): Transition {
  const waits = isWaiting(job.state)
  if (!waits && (delayMs !== undefined || (job.state !== 'blocked' && job.state !== 'parked')))
    return REFUSED
  const kept = { ...job, priority: priority ?? job.priority }
  const notes = data === undefined ? {} : { data }
  if (delayMs !== undefined && delayMs > 0)
    return changed({ ...kept, state: 'scheduled', rank: now + delayMs }, notes)
  if (job.state === 'scheduled') return changed(delayMs === undefined ? kept : ready(kept), notes)
  return changed({ ...kept, rank: job.state === 'parked' ? job.rank : kept.priority }, notes)
}

function childEnded(job: JobFacts, failed: boolean, now: number): Transition {
  const fewer = { ...job, pending: Math.max(job.pending - 1, 0) }
  // It counts all the same: who is retried later on waits only for those that have not ended.
  if (job.state !== 'blocked') return changed(fewer)
  if (failed) return finish(fewer, 'dead', now, { error: CHILD_FAILED_ERROR })
  return changed(ready(fewer))
}

function tick(job: JobFacts, now: number): Transition {
  if (instantOf(job) === null || job.rank > now) return REFUSED
  switch (job.state) {
    case 'scheduled':
      return changed(ready(job))
    case 'active':
      if (job.cancelRequested) return finish(job, 'cancelled', now)
      return loseLease(job, now)
    case 'parked':
      return REFUSED
    default:
      return { kind: 'removed', ended: null }
  }
}

function loseLease(job: JobFacts, now: number): Transition {
  const { attempt, maxAttempts, crashes, maxCrashes } = job
  if (maxCrashes === null ? attempt >= maxAttempts : crashes >= maxCrashes)
    return finish(job, 'dead', now, { error: LEASE_LOST_ERROR })
  if (maxCrashes === null) return changed(ready(job))
  return changed({ ...ready(job), attempt: attempt - 1, crashes: crashes + 1 })
}

function finish(
  job: JobFacts,
  state: 'completed' | 'dead' | 'cancelled',
  now: number,
  notes: { readonly error?: Json; readonly result?: Json } = {},
): Transition {
  const keepMs = state === 'completed' ? job.keepCompletedMs : job.keepDeadMs
  return keepMs <= 0
    ? { kind: 'removed', ended: state, ...notes }
    : changed({ ...job, state, rank: now + keepMs, cancelRequested: false }, notes)
}

/** Ready, or blocked where children have not ended. */
function ready(job: JobFacts): JobFacts {
  const state = job.pending > 0 ? 'blocked' : 'ready'
  return { ...job, state, rank: job.priority, cancelRequested: false }
}

/** A job that waits is blocked from now on; any other is when it would be ready again. */
function awaiting(job: JobFacts): JobFacts {
  return isWaiting(job.state) ? ready(job) : job
}

function changed(
  facts: JobFacts,
  notes: { readonly error?: Json; readonly result?: Json; readonly data?: Json } = {},
): Transition {
  return { kind: 'changed', facts, ...notes }
}

function holds(job: JobFacts, token: number): boolean {
  return job.state === 'active' && job.token === token
}
