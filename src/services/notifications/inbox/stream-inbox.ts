import { checkDuration } from '../../../primitives/check-range.ts'
import type { Duration } from '../../../primitives/duration.ts'
import { encodeUtf8 } from '../../../primitives/utf8.ts'
import type { Clock } from '../../../runtime/ports/platform/clock.ts'
import type { InboxItem } from './inbox-item.ts'

/** How a stream looks for what is new. */
export interface InboxStreamOptions {
  /**
   * How often the store is asked, 200 ms to 1 min. What changes in this process is seen at once.
   * Default 2 s.
   */
  readonly interval?: Duration
  /** When the stream ends, so that its client connects anew, 1 s to 1 day. Default 10 min. */
  readonly duration?: Duration
}

/** What a look finds. */
export interface InboxLook {
  readonly revision: number
  readonly unread: number
  /** What came since the last one, oldest first. */
  readonly items: readonly InboxItem[]
  readonly lastId: string
}

/** What {@link streamInbox} needs. */
export interface StreamInboxParts extends InboxStreamOptions {
  readonly clock: Clock
  /** @returns What is new since `after`; `null` for nothing */
  look(after: Pick<InboxLook, 'revision' | 'lastId'> | null): Promise<InboxLook | null>
  /** @returns Stops listening */
  listen(wake: () => void): () => void
}

const ACTION = 'stream inbox'
const HEARTBEAT_MS = 15_000
const NEVER = -1

/**
 * Streams what comes into an inbox (Server-Sent Events). The store is asked again and again, so
 * that it does not matter which process an item comes from.
 */
export async function streamInbox(request: Request, parts: StreamInboxParts): Promise<Response> {
  const { clock, look, listen } = parts
  const intervalMs = checkDuration(ACTION, 'interval', parts.interval ?? '2s', 200, 60_000)
  const durationMs = checkDuration(ACTION, 'duration', parts.duration ?? '10m', 1000, 86_400_000)
  const { signal } = request
  const endAt = clock.now() + durationMs
  const lastId = lastEventId(request)
  let seen: Pick<InboxLook, 'revision' | 'lastId'> | null =
    lastId === null ? null : { revision: NEVER, lastId }
  let wroteAt = clock.now()
  let wake: () => void = () => undefined
  let woken = false
  const stop = listen(() => {
    woken = true
    wake()
  })
  let over = false
  const end = (): void => {
    if (over) return
    over = true
    stop()
    wake()
  }
  signal.addEventListener('abort', end, { once: true })
  if (signal.aborted) end()

  function pause(): Promise<void> {
    return new Promise((resolve) => {
      if (woken || over) return resolve()
      const cancel = clock.setTimer(() => resolve(), intervalMs)
      wake = () => {
        cancel()
        resolve()
      }
    })
  }

  async function* events(): AsyncGenerator<string, void> {
    yield `retry: 3000\n\n`
    while (!over && clock.now() < endAt) {
      woken = false
      const found = await look(seen)
      if (found !== null) {
        for (const item of found.items)
          yield `event: item\nid: ${item.id}\ndata: ${JSON.stringify(item)}\n\n`
        yield `event: unread\nid: ${found.items.at(-1)?.id ?? found.lastId}\ndata: ${found.unread}\n\n`
        // More than one look holds are fetched with the next.
        const last = found.items.at(-1)?.id ?? found.lastId
        seen = { revision: last < found.lastId ? NEVER : found.revision, lastId: last }
        wroteAt = clock.now()
        if (last < found.lastId) continue
      } else if (clock.now() - wroteAt >= HEARTBEAT_MS) {
        yield ':\n\n'
        wroteAt = clock.now()
      }
      await pause()
    }
  }

  const source = events()
  const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
    async pull(controller) {
      try {
        const { done, value } = await source.next()
        if (done === true) {
          end()
          controller.close()
        } else controller.enqueue(encodeUtf8(value))
      } catch (error) {
        end()
        controller.error(error)
      }
    },
    cancel: end,
  })
  return new Response(body, {
    headers: {
      'content-type': 'text/event-stream',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
    },
  })
}

function lastEventId(request: Request): string | null {
  const given = request.headers.get('last-event-id')
  return given !== null && /^itm_\d{12}$/.test(given) ? given : null
}
