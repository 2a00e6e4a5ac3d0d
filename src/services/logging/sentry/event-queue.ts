import { runWithin } from '../../../primitives/run-within.ts'
import type { Clock } from '../../../runtime/ports/platform/clock.ts'
import type { FetchClient } from '../../../runtime/ports/platform/fetch-client.ts'
import { ExportError, type ExportErrorCode } from '../exporting/export-error.ts'
import { MAX_ERRORS, type FlushResult } from '../exporting/flush-result.ts'
import { createTurns } from '../exporting/create-turns.ts'
import type { SentryTarget } from './dsn.ts'

/** Keeps events until they are sent. */
export interface EventQueue {
  /** @returns Whether there is room, and Sentry takes events */
  add(eventId: string, event: string): boolean
  /** Counts an event that is not sent. @param error Why, to be told by `flush` */
  drop(error?: unknown): void
  flush(): Promise<FlushResult>
}

/** What {@link createEventQueue} needs. */
export interface QueueOptions {
  readonly target: SentryTarget
  readonly maxQueued: number
  readonly waitUntil: ((promise: Promise<unknown>) => void) | undefined
  readonly fetch: FetchClient
  readonly clock: Clock
}

const TRIES = 3
/** Longest time of one request. */
const TIMEOUT_MS = 10_000
/** How long an event waits for others, where nobody flushes. */
const WAIT_MS = 1000

interface Waiting {
  readonly eventId: string
  readonly event: string
  tries: number
}

/** Creates a queue with a bound, which sends nothing while Sentry asks for quiet. */
export function createEventQueue(options: QueueOptions): EventQueue {
  const { target, maxQueued, waitUntil, fetch, clock } = options
  let waiting: Waiting[] = []
  let dropped = 0
  let untold: unknown[] = []
  const inTurn = createTurns()
  let quietUntil = 0
  let plannedAt = -Infinity

  const isQuiet = (): boolean => clock.now() < quietUntil

  function plan(): void {
    // On Workers a timer dies with its request: one that is overdue is set again.
    if (Math.abs(clock.now() - plannedAt) < 2 * WAIT_MS) return
    try {
      clock.setTimer(() => {
        plannedAt = -Infinity
        const sent = inTurn(drain)
        waitUntil?.(sent)
      }, WAIT_MS)
      plannedAt = clock.now()
    } catch {
      // A Worker's global scope has no timers.
    }
  }

  async function send({ eventId, event }: Waiting): Promise<ExportError | undefined> {
    const header = { event_id: eventId, sent_at: new Date(clock.now()).toISOString() }
    const late = (): Error => new Error(`No answer within ${TIMEOUT_MS} ms`)
    const post = async (signal: AbortSignal): Promise<Response> => {
      const response = await fetch(target.url, {
        method: 'POST',
        headers: {
          'content-type': 'application/x-sentry-envelope',
          'x-sentry-auth': target.auth,
        },
        body: `${JSON.stringify(header)}\n{"type":"event"}\n${event}`,
        // Followed it would be a GET, and the answer to it no answer to this.
        redirect: 'manual',
        signal,
      })
      await response.body?.cancel()
      return response
    }
    let why = 'did not answer'
    let code: ExportErrorCode = 'unreachable'
    let cause: unknown
    try {
      const { status, headers } = await runWithin(clock, TIMEOUT_MS, undefined, late, post)
      quietUntil = Math.max(quietUntil, clock.now() + quietMs(headers, status))
      if (status < 300) return undefined
      why = `answered ${status}`
      if (status < 500) code = status === 429 ? 'overloaded' : 'refused'
    } catch (error) {
      cause = error
    }
    return new ExportError(code, `Cannot send to ${target.host}: it ${why}`, { cause, status: 502 })
  }

  async function drain(): Promise<FlushResult> {
    const taken = waiting
    const errors = untold
    untold = []
    let sent = 0
    waiting = []
    for (let one = taken[0]; one !== undefined; one = taken[0]) {
      const error = isQuiet() ? 'quiet' : await send(one)
      if (error instanceof ExportError) errors.push(error)
      if (error instanceof ExportError && error.code === 'unreachable' && ++one.tries < TRIES) break
      taken.shift()
      if (error === undefined) sent++
      else dropped++
    }
    // Those of later come behind those that were there first.
    const all = [...taken, ...waiting]
    waiting = all.slice(0, maxQueued)
    const lost = dropped + all.length - waiting.length
    dropped = 0
    return { sent, dropped: lost, errors: errors.slice(0, MAX_ERRORS) }
  }

  return {
    add(eventId, event) {
      const isTaken = !isQuiet() && waiting.length < maxQueued
      if (isTaken) {
        waiting.push({ eventId, event, tries: 0 })
        plan()
      } else dropped++
      return isTaken
    },
    drop(error) {
      dropped++
      if (error !== undefined && untold.length < MAX_ERRORS) untold.push(error)
    },
    flush: () => inTurn(drain),
  }
}

/**
 * Sentry may ask for quiet with any answer: `60:error;default:organization, 2700::key`. Where it
 * cannot be read, a minute; so Sentry's own clients do.
 */
function quietMs(headers: { get(name: string): string | null }, status: number): number {
  const asked = headers.get('x-sentry-rate-limits') || headers.get('retry-after')
  const quiet = (asked ?? (status === 429 ? '60' : '0')).split(',').map((limit) => {
    const [seconds = '', categories = ''] = limit.split(':')
    if (!/^$|\b(?:error|default)\b/.test(categories)) return 0
    return /^ *\d+ *$/.test(seconds) ? Number(seconds) * 1000 : 60_000
  })
  return Math.max(...quiet)
}
