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

/** What became of a batch. `kept` are the parts that may be sent again. */
export interface PostOutcome {
  readonly sent: number
  readonly lost: number
  readonly kept: readonly string[]
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
  const outcome = { sent: 0, lost: 0, kept: [] as string[], errors: [] as unknown[] }
  const waiting: (readonly string[])[] = [parts]
  let divisions = 0
  for (let batch = waiting.pop(); batch !== undefined; batch = waiting.pop()) {
    const answer = await post(target.join(batch), target, options)
    if (answer.to === 'divide' && batch.length > 1 && divisions++ < MAX_DIVISIONS) {
      const middle = batch.length >> 1
      waiting.push(batch.slice(middle), batch.slice(0, middle))
      continue
    }
    const refused = answer.to === 'done' ? Math.min(answer.refused, batch.length) : batch.length
    if (answer.to === 'later') outcome.kept.push(...batch)
    else outcome.lost += refused
    outcome.sent += batch.length - refused
    if (answer.to !== 'done') outcome.errors.push(answer.error)
    else if (refused > 0) outcome.errors.push(refusal(target, `${refused} of ${batch.length}`))
  }
  return outcome
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
    const backoff = retryDelayMs({ type: 'exponential', delayMs: 500 }, attempt, random.fraction())
    try {
      await waitFor(clock, Math.min(answer.waitMs ?? backoff, LONGEST_WAIT_MS))
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
  try {
    const [response, text] = await runWithin(clock, timeoutMs, undefined, late, async (signal) => {
      const got = await fetch(url, { method: 'POST', headers, body, signal })
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
