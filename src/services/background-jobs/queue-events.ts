import { checkOptions, checkSignal } from '../../primitives/check-options.ts'
import { checkInteger } from '../../primitives/check-range.ts'
import { isInstance } from '../../primitives/read-thrown.ts'
import { waitFor } from '../../runtime/coordination/wait-for.ts'
import { BackendError } from '../../runtime/ports/backend-error.ts'
import type { QueueStore } from '../../runtime/ports/job-store/job-store.ts'
import {
  MOST_EVENTS,
  numberOfCursor,
  type QueueEvent,
  type QueueEventPage,
} from '../../runtime/ports/job-store/queue-event.ts'
import type { Clock } from '../../runtime/ports/platform/clock.ts'
import { JobError } from './job-error.ts'

/** Options of {@link import('./job-queue.ts').JobQueue.recordEvents}. */
export interface RecordEventsOptions {
  /** The latest events that are kept, 0 (none any more) to 100,000. Default 10,000. */
  readonly keep?: number
}

/** Options of {@link import('./job-queue.ts').JobQueue.events}. */
export interface QueueEventStreamOptions {
  /**
   * The `cursor` of the last event that was dealt with, or `oldest` for all that is kept. Default:
   * only what happens from now on.
   */
  readonly since?: string
  /** Ends the stream. */
  readonly signal?: AbortSignal
}

/** Events that are no longer kept, or never were, lie between the ones before and behind it. */
export interface MissedEvents {
  readonly type: 'missed'
  readonly cursor: string
}

/** What {@link import('./job-queue.ts').JobQueue.events} yields. */
export type FleetEvent = QueueEvent | MissedEvents

const READ = 'read events'
const PAGE = 500
const FIRST_LOOK_MS = 50
const LAST_LOOK_MS = 1000

/** @throws RangeError when `keep` is out of range */
export async function recordEvents(
  jobStore: Pick<QueueStore, 'command'>,
  options: RecordEventsOptions,
): Promise<void> {
  checkOptions('record events', options, [], ['keep'])
  const keep = checkInteger('record events', 'keep', options.keep ?? 10_000, 0, MOST_EVENTS)
  await jobStore.command({ type: 'record', keep })
}

/**
 * Checks its options at the call, and looks at the store once it is iterated: more seldom while
 * nothing happens, at least each second.
 *
 * @throws RangeError when `since` is malformed
 */
export function readQueueEvents(
  jobStore: Pick<QueueStore, 'events'>,
  clock: Clock,
  options: QueueEventStreamOptions,
): AsyncGenerator<FleetEvent, void, undefined> {
  checkOptions(READ, options, [], ['since', 'signal'])
  const { since, signal } = options
  checkSignal(READ, signal)
  if (since !== undefined && typeof since !== 'string')
    throw new RangeError('Cannot read events: since is no text, the cursor of an event expected')
  for (const part of since === 'oldest' ? [] : (since?.split('.') ?? [])) numberOfCursor(part)
  return readFrom(jobStore, clock, since, signal)
}

async function* readFrom(
  jobStore: Pick<QueueStore, 'events'>,
  clock: Clock,
  since: string | undefined,
  signal: AbortSignal | undefined,
): AsyncGenerator<FleetEvent, void, undefined> {
  let after = since === 'oldest' ? undefined : since
  let isNew = since === undefined
  for (let waitMs = FIRST_LOOK_MS; !hasAborted(signal);) {
    const page = await read(jobStore, after, isNew ? 1 : PAGE)
    if (page !== null && !page.recording)
      throw new JobError(
        'events_not_recorded',
        'Cannot read events: the queue records none, recordEvents() first expected',
      )
    if (page !== null && isNew) {
      after = page.latest
      isNew = false
    } else if (page !== null) {
      const { events, missed, cursor } = page
      if (missed) yield { type: 'missed', cursor: events[0]?.cursor ?? cursor }
      for (const event of events) {
        yield event
        if (hasAborted(signal)) return
      }
      after = cursor
      if (events.length === PAGE) continue
      if (events.length > 0) waitMs = FIRST_LOOK_MS
    }
    await waitFor(clock, waitMs, signal).catch(() => undefined)
    waitMs = Math.min(waitMs * 2, LAST_LOOK_MS)
  }
}

/** Looked at anew each time: it may have aborted while something was waited for. */
function hasAborted(signal: AbortSignal | undefined): boolean {
  return signal?.aborted === true
}

/** `null` while the store cannot be reached, which says nothing of what happens. */
async function read(
  jobStore: Pick<QueueStore, 'events'>,
  after: string | undefined,
  limit: number,
): Promise<QueueEventPage | null> {
  try {
    return await jobStore.events({ limit, ...(after !== undefined && { after }) })
  } catch (error) {
    if (isInstance(error, BackendError)) return null
    throw error
  }
}
