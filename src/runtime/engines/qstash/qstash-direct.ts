import { checkOptions } from '../../../primitives/check-options.ts'
import { checkDuration } from '../../../primitives/check-range.ts'
import type { Duration } from '../../../primitives/duration.ts'
import { encodeJson, JOB_LIMITS } from '../../ports/job-store/job-limits.ts'
import type { Json } from '../../ports/json.ts'
import { encodeDirectJob } from '../../workers/push/direct-job.ts'
import { deliveryHeaders } from './delivery-headers.ts'
import { ACCESS_OPTIONS, checkUrl, createQstashApi, type QstashAccess } from './qstash-api.ts'

/** Options of {@link qstashDirect}. */
export interface QstashDirectOptions extends QstashAccess {
  /** Where `qstashDirectHandler` answers: a public URL, exactly as the handler knows it. */
  readonly url: string
}

/**
 * How a job is delivered. What is not here, QStash cannot do: priority, cancellation by name,
 * progress.
 */
export interface QstashSendOptions {
  /**
   * Not before this long from now, in whole seconds, rounded up; how long at most is up to the
   * plan. Default 0.
   */
  readonly delay?: Duration
  /**
   * How often a failed job is tried again, 0 to 100; how often at most is up to the plan. Default:
   * the plan's most.
   */
  readonly retries?: number
  /**
   * Drops later jobs of the same id for 10 minutes, which is as long as QStash remembers it. 1 to
   * 256 printable characters. Default: none.
   */
  readonly deduplicationId?: string
}

/**
 * What sending a job answers: `added` is false when QStash dropped it as a duplicate, and then `id`
 * is that of the first.
 */
export interface SentJob {
  readonly id: string
  readonly added: boolean
}

/** Sends jobs that QStash itself carries. */
export interface QstashDirect {
  /**
   * Sends a job; QStash keeps it when this resolves.
   *
   * @throws RangeError when an option is out of range, or `data` is over 1 MiB
   * @throws BackendError when QStash cannot be reached or refuses
   */
  send(name: string, data: Json, options?: QstashSendOptions): Promise<SentJob>
}

/**
 * Sends jobs without a job store: QStash keeps each one, delivers it to `qstashDirectHandler` at
 * least once, retries it and keeps what failed in its dead-letter queue. Cheap to set up; for
 * priority, exact deduplication, cancellation, progress or a record of what became of a job use a
 * queue with `qstashWaker`.
 *
 * @example
 * const images = qstashDirect({ token: env.QSTASH_TOKEN, url: 'https://app.example.com/images' })
 * await images.send('resize', { key: 'a.png' }, { retries: 3 })
 *
 * @throws RangeError when an option is out of range
 * @throws TypeError when a URL is none
 */
export function qstashDirect(options: QstashDirectOptions): QstashDirect {
  checkOptions('send through QStash', options, ['token', 'url'], ACCESS_OPTIONS)
  const url = checkUrl('url', options.url)
  const api = createQstashApi(options)
  return {
    async send(name, data, given = {}) {
      checkOptions('send job', given, [], ['delay', 'retries', 'deduplicationId'])
      const { delay = 0, retries, deduplicationId } = given
      const delayMs = checkDuration('send job', 'delay', delay, 0, JOB_LIMITS.delayMs)
      const headers = deliveryHeaders({ delayMs, retries, deduplicationId })
      const body = encodeJson('data', encodeDirectJob(name, data))
      const { messageId, deduplicated } = await api.publish(url, { headers, body })
      return { id: messageId, added: !deduplicated }
    },
  }
}
