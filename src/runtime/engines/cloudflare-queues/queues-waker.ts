import { checkOptions } from '../../../primitives/check-options.ts'
import { checkDuration } from '../../../primitives/check-range.ts'
import type { Duration } from '../../../primitives/duration.ts'
import { createLruCache } from '../../../primitives/lru-cache.ts'
import { systemClock, type Clock } from '../../ports/platform/clock.ts'
import { startStopwatch } from '../../ports/platform/deadline.ts'
import type { Waker } from '../../ports/waker/waker.ts'
import { JOB_LIMITS } from '../../ports/job-store/job-limits.ts'
import { encodeWakeMessage } from '../../workers/push/wake-message.ts'
import { MAX_DELAY_S, type QueueLike } from './queue-binding.ts'
import { sendMessage } from './send-message.ts'

/** Options of {@link queuesWaker}. */
export interface QueuesWakerOptions {
  /** A producer binding, as in `env.RINGS`; one carries the wakes of any number of job queues. */
  readonly queue: QueueLike
  /**
   * Of the wakes of one isolate that fall due within one such span, the first goes out at once if
   * it is due at once, and one more at the end of the span stands for all the others; 0 sends each.
   * Up to 1 min. Default 1 s.
   */
  readonly coalesce?: Duration
  /** Default: the platform's. */
  readonly clock?: Clock
}

/** As many spans as one isolate remembers to have woken for. */
const REMEMBERED = 1000
const MAX_DELAY_MS = MAX_DELAY_S * 1000

/**
 * A waker that has Cloudflare Queues start a consumer, up to 250 at once; nothing polls. A wake is
 * as late as the consumer's `max_batch_timeout` allows; delays are whole seconds, and those over 12
 * hours are woken again on the way.
 *
 * @example
 * const backend = { ...redis(upstash), waker: queuesWaker({ queue: env.RINGS }) }
 * export default { fetch: app.fetch, queue: queuesConsumer({ backend, workers: [emailQueue] }) }
 *
 * @throws RangeError when an option is out of range
 */
export function queuesWaker(options: QueuesWakerOptions): Waker {
  const action = 'wake through Cloudflare Queues'
  checkOptions(action, options, ['queue'], ['coalesce', 'clock'])
  const { queue: binding, coalesce = 1000, clock = systemClock } = options
  const coalesceMs = checkDuration(action, 'coalesce', coalesce, 0, 60_000)
  const sent = createLruCache<number>(REMEMBERED)
  const elapsedMs = startStopwatch(clock)

  async function send(queue: string, waitMs: number): Promise<void> {
    const delayMs = Math.min(waitMs, MAX_DELAY_MS)
    const wake = encodeWakeMessage({ queue, afterMs: waitMs - delayMs })
    await sendMessage(binding, wake, Math.ceil(delayMs / 1000))
  }

  return {
    async wake(queue, inMs) {
      const waitMs = Math.min(Math.max(inMs, 0), JOB_LIMITS.delayMs)
      if (coalesceMs === 0) return send(queue, waitMs)
      // Elapsed time: a wall clock that is set back would show again what has been sent for.
      const now = elapsedMs()
      const span = Math.floor((now + waitMs) / coalesceMs)
      const key = `${queue} ${span}`
      const before = sent.get(key) ?? (waitMs < coalesceMs ? 0 : 1)
      if (before >= 2) return
      // Counted before it is sent, so that many wakes at once send two messages.
      sent.set(key, before + 1)
      try {
        // The first may be answered before the next wake; the last is not answered before the span
        // is over.
        await send(queue, before === 0 ? waitMs : (span + 1) * coalesceMs - now)
      } catch (error) {
        sent.set(key, before)
        throw error
      }
    },
  }
}
