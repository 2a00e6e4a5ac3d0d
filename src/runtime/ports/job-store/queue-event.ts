import { checkInteger } from '../../../primitives/check-range.ts'
import type { JobEvent, JobFacts, Transition } from './job-state.ts'

/**
 * What happened to a job, whichever process did it.
 *
 * `retrying` is an attempt that failed and is followed by another, `deferred` one given back
 * unspent, `blocked` one that waits for children it has added, `stalled` one whose worker
 * disappeared, `retried` a finished job made ready again by hand, `replaced` a waiting one whose
 * place a later one took, `changed` one whose data, delay or priority was changed by hand,
 * `removed` one that was taken out before it had ended.
 */
export type QueueEventType =
  | 'added'
  | 'replaced'
  | 'promoted'
  | 'changed'
  | 'active'
  | 'progress'
  | 'completed'
  | 'retrying'
  | 'deferred'
  | 'blocked'
  | 'stalled'
  | 'dead'
  | 'cancelled'
  | 'parked'
  | 'retried'
  | 'removed'

/** One entry of what a queue records; what else is known of the job its record says. */
export interface QueueEvent {
  /** Asks for what came after it: of this queue only, and as good after a restart. */
  readonly cursor: string
  readonly type: QueueEventType
  /** The job's. */
  readonly id: string
  readonly name: string
  /** Attempts it had begun. */
  readonly attempt: number
  /** ms since 1970, on the job store's clock. */
  readonly at: number
}

/** Which events {@link import('./job-store.ts').QueueStore.events} answers. */
export interface QueueEventsOptions {
  /** The cursor of an event or a page before. Default: from the first that is kept. */
  readonly after?: string
  /** 1 to 1,000. Default 100. */
  readonly limit?: number
}

/** Some events of a queue, in the order in which they happened. */
export interface QueueEventPage {
  /** Whether the queue records events; see the command `record`. */
  readonly recording: boolean
  readonly events: readonly QueueEvent[]
  /** Whether events between `after` and these are no longer kept, or never were. */
  readonly missed: boolean
  /** Asks for what comes after this page. */
  readonly cursor: string
  /** Asks for what comes after the latest event that is kept. */
  readonly latest: string
}

/** Events that a queue can keep. */
export const MOST_EVENTS = 100_000

/** @returns What is recorded of an event that changed a job, or `null` when nothing is */
export function queueEventOf(
  before: JobFacts,
  event: JobEvent,
  next: Transition,
): Pick<QueueEvent, 'type' | 'attempt'> | null {
  const { attempt } = before
  if (next.kind === 'refused') return null
  switch (event.type) {
    case 'claim':
      return { type: 'active', attempt: attempt + 1 }
    case 'promote':
      return { type: 'promoted', attempt }
    case 'change':
      return { type: 'changed', attempt }
    case 'retry':
      return { type: 'retried', attempt }
    case 'replace':
      return { type: 'replaced', attempt }
    case 'extend':
    case 'hold':
    case 'admit':
    case 'await':
      return null
    default:
  }
  const ended = endOf(next)
  // What has ended only counts its children.
  if (ended === null || ended === before.state) return null
  if (ended !== 'going on') return { type: ended, attempt }
  if (event.type === 'settle' && event.outcome.to === 'scheduled')
    return { type: event.outcome.refund === true ? 'deferred' : 'retrying', attempt }
  if (event.type === 'settle' && event.outcome.to === 'blocked') return { type: 'blocked', attempt }
  return event.type === 'tick' && before.state === 'active' ? { type: 'stalled', attempt } : null
}

/** @throws RangeError when the limit is out of range */
export function checkEventLimit(limit: number): number {
  return checkInteger('read events', 'limit', limit, 1, 1000)
}

/**
 * @returns The number of an event, as backends count them; `null` where none was given
 * @throws RangeError when it is no cursor
 */
export function numberOfCursor(cursor: string | undefined): number | null {
  if (cursor === undefined) return null
  if (typeof cursor === 'string' && /^\d{1,16}$/.test(cursor)) return Number(cursor)
  throw new RangeError('Cannot read events: since is malformed, the cursor of an event expected')
}

/**
 * Where reading begins, of events numbered from `oldest` to `latest` without a gap, and what was
 * missed before.
 */
export function startOfEvents(
  after: number | null,
  { oldest, latest }: { readonly oldest: number; readonly latest: number },
): { readonly from: number; readonly missed: boolean } {
  if (after === null) return { from: oldest, missed: false }
  // A cursor that is ahead is of events that were lost, with all that is between.
  const missed = after + 1 < oldest || after > latest
  return { from: missed ? oldest : after + 1, missed }
}

/** The number before the first event of a queue that begins to record: above all it ever had. */
export function firstEventNumber(now: number): number {
  return Math.max(Math.floor(now), 0) * 1000
}

function endOf(next: Exclude<Transition, { readonly kind: 'refused' }>) {
  if (next.kind === 'removed') return next.ended
  const { state } = next.facts
  const isEnd =
    state === 'completed' || state === 'dead' || state === 'cancelled' || state === 'parked'
  return isEnd ? state : 'going on'
}
