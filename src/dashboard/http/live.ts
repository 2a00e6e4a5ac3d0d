import type { Clock } from '../../runtime/ports/platform/clock.ts'
import { encodeUtf8 } from '../../primitives/utf8.ts'
import type { Html } from '../html/html.ts'
import { SECURITY_HEADERS } from './headers.ts'

/** What {@link streamParts} needs. */
export interface StreamPartsOptions {
  /** The parts as they are now; `null` when there is nobody to show them to any more. */
  readonly read: () => Promise<ReadonlyMap<string, Html> | null>
  readonly clock: Clock
  readonly signal: AbortSignal
}

const SHORTEST_MS = 2000
const LONGEST_MS = 15_000
/** So long one connection lasts; the page then opens another. */
const LASTS_MS = 5 * 60_000
/** Times that only grow older are no change. */
const TIMES = /<time[^>]*>[^<]*<\/time>/g

/**
 * Sends the parts of a page that have changed, as server-sent events, looking every 2 seconds;
 * while nothing changes less and less often, down to every 15.
 */
export function streamParts({ read, clock, signal }: StreamPartsOptions): Response {
  return eventStream(clock, signal, async (send) => {
    const sent = new Map<string, string>()
    let waitMs = SHORTEST_MS
    return async () => {
      const parts = await read()
      if (parts === null) {
        send('ended', '')
        return null
      }
      let changed = 0
      for (const [name, part] of parts) {
        const text = part.toString()
        const lasting = text.replaceAll(TIMES, '')
        if (sent.get(name) === lasting) continue
        sent.set(name, lasting)
        changed++
        send('part', JSON.stringify({ name, html: text }))
      }
      if (changed === 0) send('still', '')
      waitMs = changed > 0 ? SHORTEST_MS : Math.min(waitMs * 2, LONGEST_MS)
      return waitMs
    }
  })
}

/** Sends an event. */
export type SendEvent = (type: string, data: string) => void

/**
 * A stream of server-sent events.
 *
 * @param start Answers what looks again, and says after how many ms it wants to look once more;
 *   `null` ends the stream. What it throws ends it too, and the page comes back later
 */
export function eventStream(
  clock: Clock,
  signal: AbortSignal,
  start: (send: SendEvent) => Promise<() => Promise<number | null>>,
): Response {
  const stopped = new AbortController()
  const body = new ReadableStream<Uint8Array>({
    async start(controller) {
      const until = clock.now() + LASTS_MS
      const stop = (): void => stopped.abort()
      signal.addEventListener('abort', stop, { once: true })
      const send: SendEvent = (type, data) => {
        if (stopped.signal.aborted) return
        const lines = data.split(/\r\n|\r|\n/).map((line) => `data: ${line}\n`)
        controller.enqueue(encodeUtf8(`event: ${type}\n${lines.join('')}\n`))
      }
      // Not awaited: the stream is there at once, and ends when the loop does.
      void run(send, until).finally(() => {
        signal.removeEventListener('abort', stop)
        if (stopped.signal.aborted) return
        stopped.abort()
        controller.close()
      })
    },
    cancel: () => stopped.abort(),
  })

  async function run(send: SendEvent, until: number): Promise<void> {
    try {
      const look = await start(send)
      while (!stopped.signal.aborted && clock.now() < until) {
        const waitMs = await look()
        if (waitMs === null) return
        await elapsed(clock, waitMs, stopped.signal)
      }
    } catch {
      send('failed', '')
    }
  }

  return new Response(body, {
    headers: {
      ...SECURITY_HEADERS,
      'content-type': 'text/event-stream',
      'x-accel-buffering': 'no',
    },
  })
}

function elapsed(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((done) => {
    if (signal.aborted) {
      done()
      return
    }
    const cancel = clock.setTimer(done, ms)
    signal.addEventListener(
      'abort',
      () => {
        cancel()
        done()
      },
      { once: true },
    )
  })
}
