import { runWithin } from '../../primitives/run-within.ts'
import type { Clock } from '../../runtime/ports/platform/clock.ts'
import type { FetchClient } from '../../runtime/ports/platform/fetch-client.ts'
import type { LocalAnswer, RelayedDelivery } from './frames.ts'

/** What deliveries are forwarded with. */
export interface ForwardOptions {
  /** Where the local server is. */
  readonly url: string
  readonly fetch: FetchClient
  readonly clock: Clock
}

/** As much of an answer as the gateway takes. */
const MOST_BODY_BYTES = 65_536
const MOST_HEADERS = 64
const MOST_HEADER_CHARS = 12_000
/** Those of a connection, or of the bytes as they came over it. */
const OF_CONNECTION =
  /^(?:connection|content-encoding|content-length|expect|host|keep-alive|proxy-.*|set-cookie|te|trailer|transfer-encoding|upgrade)$/

/**
 * Sends a delivery to the local server, byte for byte; it does not reject.
 *
 * @param signal Gives it up
 */
export async function forwardDelivery(
  { headers, body, withinMs }: RelayedDelivery,
  { url, fetch, clock }: ForwardOptions,
  signal: AbortSignal,
): Promise<LocalAnswer> {
  let isLate = false
  const late = (): Error => {
    isLate = true
    return new Error('Cannot forward: the local server did not answer in time')
  }
  try {
    return await runWithin(clock, withinMs, signal, late, async (aborted) => {
      const response = await fetch(url, {
        ...{ method: 'POST', body, signal: aborted },
        headers: Object.fromEntries(
          Object.entries(headers).filter(([name]) => !OF_CONNECTION.test(name)),
        ),
        // The receiver's answer is what it says, wherever that would lead.
        redirect: 'manual',
      })
      const { status } = response
      if (status < 200 || status > 599) return { reason: 'broken' } as const
      const kept = keptHeaders(response.headers)
      return { status, headers: kept, body: await beginningOf(response, aborted) }
    })
  } catch (error) {
    if (isLate) return { reason: 'late' }
    return { reason: isRefused(error) ? 'refused' : 'broken' }
  }
}

function keptHeaders(headers: Headers): readonly (readonly [string, string])[] {
  let chars = 0
  return [...headers]
    .filter(([name, value]) => {
      if (OF_CONNECTION.test(name)) return false
      chars += name.length + value.length
      return chars <= MOST_HEADER_CHARS
    })
    .slice(0, MOST_HEADERS)
}

/** @returns As much of its body as the gateway takes; the rest is not read */
async function beginningOf({ body }: Response, signal: AbortSignal): Promise<Uint8Array> {
  if (body === null) return new Uint8Array()
  const reader = body.getReader()
  const cancel = (): void => void reader.cancel().catch(() => undefined)
  signal.addEventListener('abort', cancel, { once: true })
  const kept = new Uint8Array(MOST_BODY_BYTES)
  let length = 0
  try {
    while (length < MOST_BODY_BYTES) {
      const { done, value } = await reader.read()
      signal.throwIfAborted()
      if (done) break
      const part = value.subarray(0, MOST_BODY_BYTES - length)
      kept.set(part, length)
      length += part.length
    }
  } finally {
    signal.removeEventListener('abort', cancel)
    cancel()
  }
  return kept.slice(0, length)
}

/** Node says so in the cause of what `fetch` throws, for each address that it has tried. */
function isRefused(error: unknown): boolean {
  const cause: unknown = error instanceof Error ? error.cause : undefined
  return [error, cause].some(
    (one) =>
      typeof one === 'object' && one !== null && 'code' in one && one.code === 'ECONNREFUSED',
  )
}
