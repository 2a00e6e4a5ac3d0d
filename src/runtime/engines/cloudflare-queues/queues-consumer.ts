import { callQuietly } from '../../../primitives/call-quietly.ts'
import { checkOptions } from '../../../primitives/check-options.ts'
import { checkDuration } from '../../../primitives/check-range.ts'
import type { Duration } from '../../../primitives/duration.ts'
import { systemClock, type Clock } from '../../ports/platform/clock.ts'
import {
  createWakeHandler,
  type WakeAnswer,
  type WakeHandlerOptions,
} from '../../workers/push/wake-handler.ts'
import { decodeWakeMessage } from '../../workers/push/wake-message.ts'
import type { MessageBatchLike, MessageLike } from './queue-binding.ts'

/** Options of {@link queuesConsumer}. */
export interface QueuesConsumerOptions extends Pick<WakeHandlerOptions, 'backend' | 'workers'> {
  /**
   * How long one batch works at most, up to 14 min, since a consumer may take 15; then the queue is
   * woken anew. Default 10 min.
   */
  readonly timeLimit?: Duration
  /** Hears why a wake could not be answered. What it throws is ignored. Default: nobody. */
  readonly onError?: (error: unknown) => unknown
  /** Default: the platform's. */
  readonly clock?: Clock
}

interface WokenQueue {
  afterMs: number
  readonly messages: MessageLike[]
}

const CONSUME = 'consume Cloudflare queue'
const FIRST_RETRY_S = 5
const LAST_RETRY_S = 600

/**
 * Makes the `queue` handler that answers the wakes of `queuesWaker`: works the job store of each
 * queue that woken once, however many wakes a batch has for it, and wakes for what comes later.
 *
 * A wake is acknowledged once its queue was worked. When the job store cannot be reached it is
 * retried after 5 seconds, doubling to 10 minutes; so is a wake for a queue without a worker,
 * perhaps not deployed yet, and a message that is no wake. What was retried `max_retries` times
 * goes to the consumer's `dead_letter_queue`; a wake lost so is made up by the next one.
 *
 * @throws RangeError when an option is out of range, or two workers are for one queue
 *
 * @example
 * export default { fetch: app.fetch, queue: queuesConsumer({ backend, workers: [emails] }) }
 */
export function queuesConsumer(
  options: QueuesConsumerOptions,
): (batch: MessageBatchLike) => Promise<void> {
  checkOptions(CONSUME, options, ['backend', 'workers'], ['timeLimit', 'onError', 'clock'])
  const { backend, workers, timeLimit = 600_000, onError, clock = systemClock } = options
  const timeLimitMs = checkDuration(CONSUME, 'timeLimit', timeLimit, 1, 840_000)
  const answerRing = createWakeHandler({ backend, workers, timeLimitMs, clock })

  async function answer(queue: string, { afterMs, messages }: WokenQueue): Promise<void> {
    let done: WakeAnswer
    try {
      done = await answerRing({ queue, afterMs })
    } catch (error) {
      callQuietly(() => onError?.(error))
      for (const message of messages) retryLater(message)
      return
    }
    if (done.kind === 'unknown_queue')
      callQuietly(() =>
        onError?.(
          new RangeError(
            `Cannot answer wake: queue ${JSON.stringify(queue.slice(0, 130))} has no worker, one expected`,
          ),
        ),
      )
    for (const message of messages) {
      if (done.kind === 'unknown_queue') retryLater(message)
      else message.ack()
    }
  }

  return async ({ messages }) => {
    const woken = new Map<string, WokenQueue>()
    for (const message of messages) {
      const wake = decodeWakeMessage(message.body)
      if (wake === null) {
        callQuietly(() =>
          onError?.(new TypeError('Cannot answer wake: the message is none, a wake expected')),
        )
        retryLater(message)
        continue
      }
      const entry = woken.get(wake.queue) ?? { afterMs: Infinity, messages: [] }
      // The soonest stands for the others: after the work the job store says when to wake next.
      entry.afterMs = Math.min(entry.afterMs, wake.afterMs)
      entry.messages.push(message)
      woken.set(wake.queue, entry)
    }
    await Promise.all([...woken].map(([queue, entry]) => answer(queue, entry)))
  }
}

function retryLater(message: MessageLike): void {
  const delaySeconds = Math.min(FIRST_RETRY_S * 2 ** (message.attempts - 1), LAST_RETRY_S)
  message.retry({ delaySeconds })
}
