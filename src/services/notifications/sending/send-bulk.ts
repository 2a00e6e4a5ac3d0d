import { checkOptions } from '../../../primitives/check-options.ts'
import { checkDuration, checkInteger } from '../../../primitives/check-range.ts'
import { waitFor } from '../../../runtime/coordination/wait-for.ts'
import type { Clock } from '../../../runtime/ports/platform/clock.ts'
import { createSource, type NumberedMessage } from './bulk-source.ts'
import type { BulkMessage, BulkOptions, BulkProgress, BulkResult } from './bulk.ts'
import type { NotificationParts } from './notification-parts.ts'

const ACTION = 'send bulk'
const DAY_MS = 86_400_000

/**
 * Sends many messages, some at a time. Nothing is kept but what is on its way, and results that
 * nobody has taken yet count as that.
 */
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
  const source = createSource(messages)
  const ended: (readonly BulkResult[])[] = []
  const change = createBell()
  const progress = { done: 0, accepted: 0, failed: 0 }
  let running = 0
  let over = false
  const isOver = (): boolean => over || signal?.aborted === true

  async function feed(): Promise<void> {
    while (!isOver()) {
      if (running + ended.length >= concurrency) {
        await change.rings()
        continue
      }
      const group = await source.take(batchSize)
      if (group.length > 0 && !isOver()) {
        await pace?.(group.length, signal)
        running++
        void sendGroup(parts, group, signal).then((results) => {
          running--
          ended.push(results)
          change.ring()
        })
      }
      if (group.length < batchSize) break
    }
  }

  const feeding = feed().finally(() => {
    over = true
    change.ring()
  })
  feeding.catch(() => undefined)
  signal?.addEventListener('abort', change.ring, { once: true })
  try {
    // What is on its way is told also where there are no more, or getting them failed.
    while (running + ended.length > 0 || !isOver()) {
      const results = ended.shift()
      if (results === undefined) {
        await change.rings()
        continue
      }
      change.ring()
      for (const result of results) {
        count(progress, result)
        tell(onProgress, progress, parts.onError)
        yield result
      }
    }
    signal?.throwIfAborted()
    await feeding
  } finally {
    // Whoever stops listening lets what is on its way end, and what comes after it unread.
    over = true
    signal?.removeEventListener('abort', change.ring)
    while (running > 0) await change.rings()
    await source.close(parts.onError)
  }
}

/** Wakes everybody who waits for something to change. */
interface Bell {
  ring(): void
  rings(): Promise<void>
}

function createBell(): Bell {
  let waiting: (() => void)[] = []
  return {
    ring() {
      const woken = waiting
      waiting = []
      for (const wake of woken) wake()
    },
    rings: () => new Promise((resolve) => void waiting.push(resolve)),
  }
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
