import { checkOptions } from '../../../primitives/check-options.ts'
import { checkDuration } from '../../../primitives/check-range.ts'
import type { Duration } from '../../../primitives/duration.ts'
import { createLruCache } from '../../../primitives/lru-cache.ts'
import { systemClock } from '../../ports/platform/clock.ts'
import { startStopwatch } from '../../ports/platform/deadline.ts'
import type { Waker } from '../../ports/waker/waker.ts'
import { JOB_LIMITS } from '../../ports/job-store/job-limits.ts'
import { encodeWakeMessage } from '../../workers/push/wake-message.ts'
import { deliveryHeaders } from './delivery-headers.ts'
import { ACCESS_OPTIONS, checkUrl, createQstashApi, type QstashAccess } from './qstash-api.ts'

/** Options of {@link qstashWaker}. */
export interface QstashWakerOptions extends QstashAccess {
  /** Where `qstashHandler` answers: a public URL, exactly as the handler knows it. */
  readonly url: string
  /**
   * Wakes that fall due within one such span become one message, delivered at its end; 0 sends each
   * at once. Up to 5 min, half of what QStash remembers of messages. Default 1 s.
   */
  readonly coalesce?: Duration
  /**
   * The longest delay of the plan, 1 s or more; a later wake is sent on its way again from there.
   * Default 7 days, the free plan's.
   */
  readonly maxDelay?: Duration
  /** How often QStash tries again to deliver a wake, 0 to 100. Default 3. */
  readonly retries?: number
}

/** As many spans as one isolate remembers to have woken for. */
const REMEMBERED = 1000
const WAKE = 'wake through QStash'
const OPTIONAL = [...ACCESS_OPTIONS, 'coalesce', 'maxDelay', 'retries'] as const

/**
 * A waker that has QStash call an HTTP endpoint; nothing polls, so an idle queue costs nothing.
 *
 * Every message costs, so wakes are coalesced: by this isolate, and by QStash through a
 * deduplication id made of the queue and the span. The message goes out at the end of its span,
 * after everything it stands for was added: a wake is up to `coalesce` and a second late.
 *
 * A wake can be lost where clocks of two machines differ by more than that. Have a schedule wake as
 * well: `qstashSchedules(…).create({ id: 'sweep-email', cron: '*\/5 * * * *', wake: 'email' })`.
 *
 * @example
 * const waker = qstashWaker({ token: env.QSTASH_TOKEN, url: 'https://app.example.com/qstash' })
 * const emailQueue = new JobQueue({ name: 'email', backend: { ...redis(upstash), waker }, jobs })
 *
 * @throws RangeError when an option is out of range
 * @throws TypeError when a URL is none
 */
export function qstashWaker(options: QstashWakerOptions): Waker {
  checkOptions(WAKE, options, ['token', 'url'], OPTIONAL)
  const { coalesce = 1000, maxDelay = 7 * 86_400_000, retries = 3 } = options
  const { clock = systemClock } = options
  const url = checkUrl('url', options.url)
  const coalesceMs = checkDuration(WAKE, 'coalesce', coalesce, 0, 300_000)
  const maxDelayMs = checkDuration(WAKE, 'maxDelay', maxDelay, 1000, JOB_LIMITS.delayMs)
  deliveryHeaders({ retries })
  const api = createQstashApi(options)
  // Until when each stands, by elapsed time: a wall clock that is set back would show it again.
  const woken = createLruCache<number>(REMEMBERED)
  const elapsedMs = startStopwatch(clock)

  return {
    async wake(queue, inMs) {
      const now = clock.now()
      const waitMs = Math.min(Math.max(inMs, 0), JOB_LIMITS.delayMs)
      // The end of the span that it falls in: always later than now, so that a wake of now is not
      // answered before.
      const dueAt =
        coalesceMs > 0 ? (Math.floor((now + waitMs) / coalesceMs) + 1) * coalesceMs : now + waitMs
      const delayMs = Math.min(dueAt - now, maxDelayMs)
      const id = `ring:${queue}:${dueAt}`
      const asked = elapsedMs()
      if (coalesceMs > 0 && (woken.get(id) ?? 0) > asked) return
      // Set before the answer, so that many wakes at once make one request; no promise is shared,
      // as Workers forbid it.
      woken.set(id, asked + dueAt - now)
      try {
        await api.publish(url, {
          headers: deliveryHeaders({
            retries,
            delayMs,
            deduplicationId: coalesceMs > 0 ? id : undefined,
          }),
          body: JSON.stringify(encodeWakeMessage({ queue, afterMs: dueAt - now - delayMs })),
        })
      } catch (error) {
        woken.set(id, 0)
        throw error
      }
    },
  }
}
