import { createLruCache } from '../../../primitives/lru-cache.ts'
import { systemClock, type Clock } from '../../ports/platform/clock.ts'
import type { Doorbell } from '../../ports/doorbell/doorbell.ts'
import { JOB_LIMITS } from '../../ports/job-ledger/job-limits.ts'
import { encodeRing } from '../../workers/push/ring.ts'
import { MAX_DELAY_S, type QueueLike } from './queue-binding.ts'
import { sendMessage } from './send-message.ts'

/** Options of {@link queuesDoorbell}. */
export interface QueuesDoorbellOptions {
  /** A producer binding, as in `env.RINGS`; one carries the rings of any number of job queues. */
  readonly queue: QueueLike
  /**
   * Of the rings of one isolate that fall due within one such span, the first goes out at once if it is due at once, and
   * one more at the end of the span stands for all the others; 0 sends each. Up to 60,000 ms. Default 1000.
   */
  readonly coalesceMs?: number
  /** Default: the platform's. */
  readonly clock?: Clock
}

/** As many spans as one isolate remembers to have rung for. */
const REMEMBERED = 1000
const MAX_DELAY_MS = MAX_DELAY_S * 1000

/**
 * A doorbell that has Cloudflare Queues start a consumer, up to 250 at once; nothing polls. A ring is as late as the
 * consumer's `max_batch_timeout` allows; delays are whole seconds, and those over 12 hours are rung again on the way.
 *
 * @example
 * const backend = { ...redis(upstash), doorbell: queuesDoorbell({ queue: env.RINGS }) }
 * export default { fetch: app.fetch, queue: queuesConsumer({ backend, workers: [emailQueue] }) }
 *
 * @throws RangeError when an option is out of range
 */
export function queuesDoorbell(options: QueuesDoorbellOptions): Doorbell {
  const { queue: binding, coalesceMs = 1000, clock = systemClock } = options
  if (!(coalesceMs >= 0 && coalesceMs <= 60_000))
    throw new RangeError(
      `Cannot ring through Cloudflare Queues: coalesceMs is ${coalesceMs}, 0 to 60000 allowed`,
    )
  const sent = createLruCache<number>(REMEMBERED)

  async function send(queue: string, waitMs: number): Promise<void> {
    const delayMs = Math.min(waitMs, MAX_DELAY_MS)
    const ring = encodeRing({ queue, afterMs: waitMs - delayMs })
    await sendMessage(binding, ring, Math.ceil(delayMs / 1000))
  }

  return {
    async ring(queue, inMs) {
      const waitMs = Math.min(Math.max(inMs, 0), JOB_LIMITS.delayMs)
      if (coalesceMs === 0) return send(queue, waitMs)
      const now = clock.now()
      const span = Math.floor((now + waitMs) / coalesceMs)
      const key = `${queue} ${span}`
      const before = sent.get(key) ?? (waitMs < coalesceMs ? 0 : 1)
      if (before >= 2) return
      // Counted before it is sent, so that many rings at once send two messages.
      sent.set(key, before + 1)
      try {
        // The first may be answered before the next ring; the last is not answered before the span is over.
        await send(queue, before === 0 ? waitMs : (span + 1) * coalesceMs - now)
      } catch (error) {
        sent.set(key, before)
        throw error
      }
    },
  }
}
