import { systemClock, type Clock } from '../../../runtime/ports/platform/clock.ts'
import { systemFetch, type FetchClient } from '../../../runtime/ports/platform/fetch-client.ts'

/** What a server's `createDirectUploads().begin()` answers. */
export interface DirectUpload {
  readonly url: string
  readonly token: string
  readonly size: number
  readonly partBytes: number
  readonly parallel: number
  /** ms since 1970. */
  readonly expiresAt: number
}

/** Options of {@link uploadDirect}. */
export interface UploadDirectOptions {
  /** Hears how many bytes are stored. */
  readonly onProgress?: (loaded: number, total: number) => void
  readonly signal?: AbortSignal
  /**
   * Kept by the caller, as in `localStorage` after each progress, it lets an upload go on in
   * another page: `{}` at first. Only stores that do not tell their parts need it.
   */
  readonly receipts?: Record<string, string>
  /** Tries of a request in all. Default 4. */
  readonly attempts?: number
  /** Default: the platform's. */
  readonly fetch?: FetchClient
  /** Default: the platform's. */
  readonly clock?: Pick<Clock, 'setTimer'>
}

/** Where a part goes. */
interface Place {
  readonly method: string
  readonly url: string
  readonly headers: Record<string, string>
}

/** Marks what is not tried again. */
const FINAL = {}

/**
 * Uploads a file in parts, some at once, and goes on where an earlier try ended. For browsers: it
 * has no dependencies and less than 2 KB.
 *
 * @example
 * const upload = await (await fetch('/videos', { method: 'POST' })).json()
 * await uploadDirect(upload, file, { onProgress: (loaded, total) => show(loaded / total) })
 *
 * @returns The object
 * @throws Error with what a server says, when it refuses or does not answer
 */
export async function uploadDirect(
  { url, token, size, partBytes, parallel }: DirectUpload,
  file: Blob,
  options: UploadDirectOptions = {},
): Promise<{ readonly key: string; readonly size: number; readonly etag: string }> {
  const { signal, onProgress, receipts = {}, attempts = 4 } = options
  const { fetch: send = systemFetch, clock = systemClock } = options
  if (file.size !== size) throw new RangeError(`The file has ${file.size} bytes, not ${size}`)
  const stop = new AbortController()
  const both = signal ? AbortSignal.any([signal, stop.signal]) : stop.signal

  async function ask<Answer>(action: string, more: object = {}): Promise<Answer> {
    const body = JSON.stringify({ token, action, ...more })
    const answer = await tried(() => send(url, { method: 'POST', body, signal: both }))
    // Our own server's.
    return (await answer.json()) as Answer
  }

  async function tried(act: () => Promise<Response>): Promise<Response> {
    for (let attempt = 1; ; attempt++) {
      both.throwIfAborted()
      let problem: unknown
      try {
        const answer = await act()
        if (answer.ok) return answer
        const { status } = answer
        problem = new Error(`Cannot upload: ${status} ${await answer.text()}`, {
          cause: status < 500 && status !== 429 ? FINAL : null,
        })
      } catch (error) {
        problem = error
      }
      const isFinal = problem instanceof Error && problem.cause === FINAL
      if (isFinal || attempt >= attempts || both.aborted) throw problem
      await new Promise<void>((resolve) => void clock.setTimer(resolve, 250 * 2 ** attempt))
    }
  }

  const { parts } = await ask<{ parts: { number: number }[] }>('list')
  const done = new Set<number>(Object.keys(receipts).map(Number))
  for (const part of parts) done.add(part.number)
  const count = Math.ceil(size / partBytes)
  const bytesOf = (number: number): number => Math.min(partBytes, size - (number - 1) * partBytes)
  let loaded = 0
  for (const number of done) loaded += bytesOf(number)
  const waiting: number[] = []
  for (let number = 1; number <= count; number++) if (!done.has(number)) waiting.push(number)
  onProgress?.(loaded, size)

  async function lane(): Promise<void> {
    for (let number = waiting.shift(); number !== undefined; number = waiting.shift()) {
      const start = (number - 1) * partBytes
      const body = file.slice(start, start + partBytes)
      const at = number
      const answer = await tried(async () => {
        const place = await ask<Place>('part', { number: at })
        const { method, headers } = place
        return send(place.url, { method, headers, body, signal: both })
      })
      const text = await answer.text()
      if (text.startsWith('{')) receipts[at] = (JSON.parse(text) as { receipt: string }).receipt
      loaded += body.size
      onProgress?.(loaded, size)
    }
  }

  try {
    await Promise.all(Array.from({ length: parallel }, lane))
  } catch (error) {
    stop.abort(error)
    throw error
  }
  return ask('complete', { receipts: Object.values(receipts) })
}
