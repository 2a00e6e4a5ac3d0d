import { checkOptions } from '../../../primitives/check-options.ts'
import { checkDuration, checkInteger } from '../../../primitives/check-range.ts'
import { waitFor } from '../../../runtime/coordination/wait-for.ts'
import type { Clock } from '../../../runtime/ports/platform/clock.ts'
import type { BulkMessage, BulkOptions, BulkProgress, BulkResult } from './bulk.ts'
import type { NotificationParts } from './notification-parts.ts'

const ACTION = 'send bulk'
const DAY_MS = 86_400_000

/** A message in its place. */
export interface NumberedMessage {
  readonly index: number
  readonly message: BulkMessage
}

/** Sends many messages, some at a time. Nothing is kept but what is on its way. */
export async function* sendBulk(
  parts: NotificationParts,
  messages: Iterable<BulkMessage> | AsyncIterable<BulkMessage>,
  options: BulkOptions = {},
): AsyncGenerator<BulkResult, void> {
  checkOptions(
    ACTION,
    options,
    [],
    ['concurrency', 'rateLimit', 'batchSize', 'onProgress', 'signal'],
  )
  const { signal, onProgress, rateLimit } = options
  const concurrency = checkInteger(ACTION, 'concurrency', options.concurrency ?? 32, 1, 1000)
  const batchSize = checkInteger(ACTION, 'batchSize', options.batchSize ?? 1, 1, 500)
  const pace = rateLimit === undefined ? null : createPace(parts.clock, rateLimit)
  const source = numbered(messages)
  const running = new Map<number, Promise<Ended>>()
  const progress = { done: 0, accepted: 0, failed: 0 }
  let next = 0
  let over = false
  try {
    for (;;) {
      while (!over && running.size < concurrency && signal?.aborted !== true) {
        const group = await take(source, batchSize)
        over = group.length < batchSize
        if (group.length === 0) break
        await pace?.(group.length, signal)
        const slot = next++
        running.set(
          slot,
          sendGroup(parts, group, signal).then((results) => ({ slot, results })),
        )
      }
      if (running.size === 0) break
      const { slot, results } = await Promise.race(running.values())
      running.delete(slot)
      for (const result of results) {
        count(progress, result)
        tell(onProgress, progress, parts.onError)
        yield result
      }
    }
  } finally {
    // Whoever stops listening lets what is on its way end, and what comes after it unread.
    await source.return?.(undefined)
    await Promise.allSettled(running.values())
  }
  signal?.throwIfAborted()
}

interface Ended {
  readonly slot: number
  readonly results: readonly BulkResult[]
}

async function sendGroup(
  parts: NotificationParts,
  group: readonly NumberedMessage[],
  signal: AbortSignal | undefined,
): Promise<readonly BulkResult[]> {
  if (group.length > 1) {
    const { sendBatch } = await import('./send-batch.ts')
    return sendBatch(parts, group, (message) => sendOne(parts, message, signal))
  }
  return Promise.all(group.map((message) => sendOne(parts, message, signal)))
}

async function sendOne(
  { sender }: NotificationParts,
  { index, message }: NumberedMessage,
  signal: AbortSignal | undefined,
): Promise<BulkResult> {
  try {
    const { channel, ...content } = message
    const whole = { ...(signal !== undefined && { signal }), ...content }
    // A message's channel says which kind it is.
    return { index, ...(await sender.send(channel, whole)) }
  } catch (error) {
    return {
      index,
      status: 'failed',
      error:
        error instanceof Error
          ? error
          : new Error('The message could not be sent', { cause: error }),
    }
  }
}

async function* numbered(
  messages: Iterable<BulkMessage> | AsyncIterable<BulkMessage>,
): AsyncGenerator<NumberedMessage, void> {
  let index = 0
  for await (const message of messages) yield { index: index++, message }
}

async function take(
  source: AsyncGenerator<NumberedMessage, void>,
  most: number,
): Promise<readonly NumberedMessage[]> {
  const taken: NumberedMessage[] = []
  while (taken.length < most) {
    const { done, value } = await source.next()
    if (done === true) break
    taken.push(value)
  }
  return taken
}

/** Spreads messages evenly: after each group it waits as long as its share of the window is. */
function createPace(
  clock: Clock,
  { limit, window }: NonNullable<BulkOptions['rateLimit']>,
): (messages: number, signal?: AbortSignal) => Promise<void> {
  const most = checkInteger(ACTION, 'rateLimit.limit', limit, 1, 1_000_000)
  const windowMs = checkDuration(ACTION, 'rateLimit.window', window, 10, DAY_MS)
  let freeAt = clock.now()
  return async (messages, signal) => {
    const now = clock.now()
    const waitMs = Math.min(freeAt - now, windowMs)
    freeAt = Math.max(freeAt, now) + (windowMs * messages) / most
    if (waitMs > 0) await waitFor(clock, waitMs, signal)
  }
}

function count(
  progress: { done: number; accepted: number; failed: number },
  result: BulkResult,
): void {
  progress.done++
  if (result.status === 'sent' || result.status === 'queued') progress.accepted++
  if (result.status === 'failed') progress.failed++
}

function tell(
  onProgress: BulkOptions['onProgress'],
  progress: BulkProgress,
  onError: (error: unknown) => void,
): void {
  try {
    onProgress?.({ ...progress })
  } catch (error) {
    onError(error)
  }
}
