import type { JobRecord, NewJob, Settlement } from '../../src/runtime/ports/job-store/job-store.ts'
import type { JobEnd } from '../../src/runtime/ports/job-store/job-state.ts'
import type { Json } from '../../src/runtime/ports/json.ts'

/** What must be true of a job, by all that the job store has answered to anybody. */
export interface KnownJob {
  readonly id: string
  readonly given: NewJob
  /** The children that were added with it. */
  readonly children: KnownJob[]
  /** Jobs that were there before it, and that it waits for as children. */
  readonly held: { readonly job: KnownJob; readonly given: NewJob }[]
  /** Claims since it was added or retried, but for those given back. */
  claims: number
  /** Leases lost since the last attempt that was spent. */
  crashes: number
  /** The latest claim. */
  token: number
  /** Until when the latest claim holds at least; `null` once it was settled. */
  leaseUntil: number | null
  /** It is not to be claimed before. */
  notBefore: number
  /** Until when its deduplication holds at least, whatever becomes of it; `null` until it has ended. */
  readonly holdsUntil: number | null
  ended: JobEnd | 'parked' | null
  /** What the settlement that was taken said. */
  result: Json
  cancelRequested: boolean
  retried: boolean
}

export function createKnownJob(given: NewJob, id: string, now: number, token = 0): KnownJob {
  return {
    id,
    given,
    children: [],
    held: [],
    claims: 0,
    crashes: 0,
    token,
    leaseUntil: null,
    notBefore: now + (given.delayMs ?? 0),
    holdsUntil: given.deduplication?.ttlMs === undefined ? null : now + given.deduplication.ttlMs,
    ended: null,
    result: null,
    cancelRequested: false,
    retried: false,
  }
}

/** Whether the deduplication of a job holds, as far as `instant` is the job store's time. */
export function holdsAt({ ended, holdsUntil }: KnownJob, instant: number): boolean {
  return holdsUntil === null ? ended === null : instant < holdsUntil
}

/** Whether that claim holds for certain, however late it is on the job store's clock. */
export function leaseHolds(job: KnownJob | undefined, token: number, latest: number): boolean {
  return job?.token === token && job.leaseUntil !== null && job.leaseUntil > latest
}

/** Notes a settlement that the job store took. */
export function noteSettled(job: KnownJob, { outcome }: Settlement, now: number): void {
  job.leaseUntil = null
  if (outcome.to === 'blocked') {
    if (job.cancelRequested) job.ended = 'cancelled'
    else job.claims--
    return
  }
  if (outcome.to !== 'scheduled') {
    job.ended = outcome.to
    if (outcome.to === 'parked') {
      job.claims--
      job.cancelRequested = false
    }
    if (outcome.to === 'completed') job.result = outcome.result ?? null
    return
  }
  if (job.cancelRequested) job.ended = 'cancelled'
  else if (outcome.refund === true) job.claims--
  else if (job.claims >= (job.given.maxAttempts ?? 1)) job.ended = 'dead'
  else job.crashes = 0
  job.notBefore = now + outcome.delayMs
}

/** Notes that the latest claim was lost, where it was and that is not known yet. */
export function noteLost(job: KnownJob): void {
  if (job.leaseUntil === null || job.given.maxCrashes === undefined) return
  job.leaseUntil = null
  job.claims--
  job.crashes++
}

/** All that a job waits for, each as it was said when the job was added. */
export function childrenOf(job: KnownJob): KnownJob['held'] {
  return [...job.children.map((child) => ({ job: child, given: child.given })), ...job.held]
}

/** Whether a job may have ended as its record says though nobody settled it. */
export function mayHaveEndedAs(record: JobRecord, job: KnownJob, latest: number): boolean {
  const { state, lastError } = record
  const leaseIsOver = job.leaseUntil !== null && job.leaseUntil <= latest
  if (state === 'cancelled') return job.cancelRequested
  if (state !== 'dead') return false
  if (hasCode(lastError, 'lease_lost')) {
    const { maxCrashes, maxAttempts = 1 } = job.given
    const isLast =
      maxCrashes === undefined ? job.claims === maxAttempts : job.crashes === maxCrashes
    return leaseIsOver && isLast
  }
  const failed = childrenOf(job).some(({ job: { ended, cancelRequested }, given }) => {
    // That one was cancelled may be read from its parent's record first.
    const hasFailed =
      cancelRequested || (ended !== null && ended !== 'completed' && ended !== 'parked')
    return hasFailed && given.onFailure !== 'ignore'
  })
  // Also after it had begun: who retries a child has its parent wait for it once more.
  return hasCode(lastError, 'child_failed') && failed
}

function hasCode(error: Json, code: string): boolean {
  return typeof error === 'object' && error !== null && Reflect.get(error, 'code') === code
}
