import { checkOptions } from '../../../primitives/check-options.ts'
import { checkDuration } from '../../../primitives/check-range.ts'
import type { Duration } from '../../../primitives/duration.ts'
import { utf8Length } from '../../../primitives/utf8.ts'
import type { Json } from '../../ports/json.ts'
import { encodeDirectJob } from '../../workers/push/direct-job.ts'
import { MessageTooLargeError } from './message-too-large-error.ts'
import { MAX_DELAY_S, type QueueLike } from './queue-binding.ts'
import { sendMessage } from './send-message.ts'

/** Options of {@link queuesDirect}. */
export interface QueuesDirectOptions {
  /** A producer binding, as in `env.JOBS`. */
  readonly queue: QueueLike
}

/**
 * How a job is delivered. What is not here, Cloudflare Queues cannot do: ids, deduplication,
 * priority, cancellation, progress.
 */
export interface QueuesSendOptions {
  /** Not before this long from now, in whole seconds, rounded up, up to 12 hours. Default 0. */
  readonly delay?: Duration
}

/** Sends jobs that Cloudflare Queues itself carries. */
export interface QueuesDirect {
  /**
   * Sends a job; the queue keeps it when this resolves.
   *
   * @throws MessageTooLargeError when the job has over 127,900 bytes as JSON
   * @throws RangeError when the delay is over 12 hours
   * @throws BackendError when the queue does not take it
   */
  send(name: string, data: Json, options?: QueuesSendOptions): Promise<void>
}

/**
 * 128 KB, less what the queue keeps with each message
 * (https://developers.cloudflare.com/queues/platform/limits/).
 */
const MAX_BYTES = 127_900

/**
 * Sends jobs without a job store: the queue keeps each one, delivers it to `queuesDirectConsumer`
 * at least once and retries it as often as the consumer's `max_retries` says. The cheapest way; for
 * priority, deduplication, delays over 12 hours, cancellation, progress or a record of what became
 * of a job use a job queue with `queuesWaker`.
 *
 * @example
 * const jobs = queuesDirect({ queue: env.JOBS })
 * await jobs.send('welcome', { to: 'ada@example.com' }, { delay: '5m' })
 */
export function queuesDirect(options: QueuesDirectOptions): QueuesDirect {
  checkOptions('send jobs to Cloudflare Queues', options, ['queue'])
  const { queue } = options
  return {
    async send(name, data, given = {}) {
      const action = `send job ${JSON.stringify(name.slice(0, 100))}`
      checkOptions(action, given, [], ['delay'])
      const { delay = 0 } = given
      const delayMs = checkDuration(action, 'delay', delay, 0, MAX_DELAY_S * 1000)
      const delaySeconds = Math.ceil(delayMs / 1000)
      const body = encodeDirectJob(name, data)
      const bytes = utf8Length(JSON.stringify(body))
      if (bytes > MAX_BYTES) throw new MessageTooLargeError(name, bytes, MAX_BYTES)
      await sendMessage(queue, body, delaySeconds)
    },
  }
}
