import { durationMs, type Duration } from '../../../primitives/duration.ts'
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

/** How a job is delivered. What is not here, Cloudflare Queues cannot do: ids, deduplication, priority, cancellation, progress. */
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

/** 128 KB, less what the queue keeps with each message (https://developers.cloudflare.com/queues/platform/limits/). */
const MAX_BYTES = 127_900

/**
 * Sends jobs without a job store: the queue keeps each one, delivers it to `queuesDirectConsumer` at least once and retries it as
 * often as the consumer's `max_retries` says. The cheapest way; for priority, deduplication, delays over 12 hours,
 * cancellation, progress or a record of what became of a job use a job queue with `queuesWaker`.
 */
export function queuesDirect({ queue }: QueuesDirectOptions): QueuesDirect {
  return {
    async send(name, data, { delay = 0 } = {}) {
      const delaySeconds = Math.ceil(durationMs(delay) / 1000)
      if (delaySeconds > MAX_DELAY_S)
        throw new RangeError(
          `Cannot send job ${JSON.stringify(name.slice(0, 100))}: delay is ${delaySeconds} s, at most ${MAX_DELAY_S} allowed`,
        )
      const body = encodeDirectJob(name, data)
      const bytes = utf8Length(JSON.stringify(body))
      if (bytes > MAX_BYTES) throw new MessageTooLargeError(name, bytes, MAX_BYTES)
      await sendMessage(queue, body, delaySeconds)
    },
  }
}
