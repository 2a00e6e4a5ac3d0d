import { readBytes } from '../../../primitives/read-bytes.ts'
import { parseRetryAfter } from '../../../primitives/retry-after.ts'
import { retryDelayMs } from '../../../primitives/retry-delay.ts'
import { runWithin } from '../../../primitives/run-within.ts'
import { waitFor } from '../../../runtime/coordination/wait-for.ts'
import type { Clock } from '../../../runtime/ports/platform/clock.ts'
import type { FetchClient } from '../../../runtime/ports/platform/fetch-client.ts'
import type { RandomSource } from '../../../runtime/ports/platform/random-source.ts'
import { ExportError } from './export-error.ts'

/** Where batches go, and how they are written. */
export interface BatchTarget {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  /** Makes one body of what each record was written as. */
  join(parts: readonly string[]): string
  /**
   * Reads from an answer that was a success how many records were refused after all. Default: none
   */
  rejected?(answer: string): number
}

/** What {@link postBatch} needs besides. */
export interface PostOptions {
  readonly fetch: FetchClient
  readonly clock: Clock
  readonly random: RandomSource
  /** Tries in all while the receiver is away or busy. */
  readonly attempts: number
  /** Longest time of one of them. */
  readonly timeoutMs: number
}

/** What became of a batch. */
export interface PostOutcome {
  readonly sent: number
  readonly lost: number
  /** Parts that may be sent again. */
  readonly kept: readonly string[]
  /** Whether the receiver takes nothing now, and for how many ms it asked to be left alone. */
  readonly isAway: boolean
  readonly quietMs: number
  readonly errors: readonly unknown[]
}

/** Requests that looking for the record which a receiver refuses may take. */
const MAX_DIVISIONS = 24
const LONGEST_WAIT_MS = 10_000
/** Of an answer that is looked at. */
const ANSWER_BYTES = 4096

/**
 * Sends records in one request. Where the receiver refuses it for what is in it, the batch is
 * divided until the record is found, and only that is lost. Never rejects.
 */
export async function postBatch(
  parts: readonly string[],
  target: BatchTarget,
  options: PostOptions,
): Promise<PostOutcome> {
  const errors: unknown[] = []
  const kept: string[] = []
  const waiting: (readonly string[])[] = [parts]
  let sent = 0
  let lost = 0
  let divisions = 0
  for (let batch = waiting.pop(); batch !== undefined; batch = waiting.pop()) {
    const answer = await postParts(batch, target, options)
    if (answer.to === 'divide' && batch.length > 1) {
      if (divisions++ < MAX_DIVISIONS) {
        const middle = batch.length >> 1
        waiting.push(batch.slice(middle), batch.slice(0, middle))
        continue
      }
      // Where others were taken these are looked through with the next flush.
      if (sent > 0) {
        kept.push(...batch)
        continue
      }
    }
    if (answer.to === 'later') {
      // Whoever is away now is not asked for each part once more.
      kept.push(...[batch, ...waiting.reverse()].flat())
      const quietMs = answer.waitMs ?? 0
      return { sent, lost, kept, isAway: true, quietMs, errors: [...errors, answer.error] }
    }
    const refused = answer.to === 'done' ? Math.min(answer.refused, batch.length) : batch.length
    lost += refused
    sent += batch.length - refused
    if (answer.to !== 'done') errors.push(answer.error)
    else if (refused > 0) errors.push(refusal(target, `${refused} of ${batch.length}`))
  }
  return { sent, lost, kept, isAway: false, quietMs: 0, errors }
}

async function postParts(
  parts: readonly string[],
  target: BatchTarget,
  options: PostOptions,
): Promise<Answer> {
  let body: string
  try {
    body = target.join(parts)
  } catch (cause) {
    const message = `Cannot send to ${hostOf(target.url)}: the records cannot be joined`
    return { to: 'lose', error: new ExportError('not_encodable', message, { cause }) }
  }
  return post(body, target, options)
}

/** What a receiver said to one request. */
type Answer =
  | { readonly to: 'done'; readonly refused: number }
  /** It does not like what is in it. */
  | { readonly to: 'divide' | 'lose'; readonly error: ExportError }
  | { readonly to: 'later'; readonly error: ExportError; readonly waitMs?: number | null }

async function post(body: string, target: BatchTarget, options: PostOptions): Promise<Answer> {
  const { clock, random, attempts } = options
  for (let attempt = 1; ; attempt++) {
    const answer = await once(body, target, options)
    if (answer.to !== 'later' || attempt >= attempts || answer.waitMs === null) return answer
    if ((answer.waitMs ?? 0) > LONGEST_WAIT_MS) return answer
    const backoff = retryDelayMs({ type: 'exponential', delayMs: 500 }, attempt, random.fraction())
    try {
      await waitFor(clock, answer.waitMs ?? Math.min(backoff, LONGEST_WAIT_MS))
    } catch {
      // Without a timer, as in a Worker's global scope, there is no waiting.
      return answer
    }
  }
}

async function once(body: string, target: BatchTarget, options: PostOptions): Promise<Answer> {
  const { url, headers } = target
  const { fetch, clock, timeoutMs } = options
  const host = hostOf(url)
  const late = (): Error => new Error(`No answer within ${timeoutMs} ms`)
  let isTaken = false
  try {
    const [response, text] = await runWithin(clock, timeoutMs, undefined, late, async (signal) => {
      // To follow a redirect would turn the request into a GET, and hand the keys to whom it names.
      const init = { method: 'POST', headers, body, redirect: 'manual', signal } as const
      const got = await fetch(url, init)
      isTaken = got.ok
      return [got, await textOf(got, signal)] as const
    })
    const { status } = response
    if (response.ok) return { to: 'done', refused: target.rejected?.(text) ?? 0 }
    if (status === 400 || status === 413 || status === 422)
      return { to: 'divide', error: refusal(target, `${status}`) }
    if (status !== 429 && status !== 408 && status < 500)
      return { to: 'lose', error: refusal(target, `${status}`) }
    const message = `Cannot send to ${host}: it answered ${status}, try again later`
    const error = new ExportError('overloaded', message, { status: 503 })
    // What went wrong inside of it is not better in a second.
    if (status === 500 || status === 501) return { to: 'later', error, waitMs: null }
    const retryAfter = parseRetryAfter(response.headers.get('retry-after') ?? '', clock.now())
    return { to: 'later', error, ...(retryAfter !== null && { waitMs: retryAfter }) }
  } catch (cause) {
    // Only what else it had to say is not known.
    if (isTaken) return { to: 'done', refused: 0 }
    const message = `Cannot send to ${host}: it did not answer, try again later`
    return { to: 'later', error: new ExportError('unreachable', message, { cause, status: 504 }) }
  }
}

async function textOf({ body }: Response, signal: AbortSignal): Promise<string> {
  const bytes = body === null ? null : await readBytes(body, ANSWER_BYTES, signal)
  return bytes === null ? '' : new TextDecoder().decode(bytes)
}

function refusal({ url }: BatchTarget, what: string): ExportError {
  return new ExportError(
    'refused',
    `Cannot send to ${hostOf(url)}: it refused what was sent (${what}), check its address and keys`,
    { status: 502 },
  )
}

function hostOf(url: string): string {
  return URL.canParse(url) ? new URL(url).host : 'the receiver'
}
