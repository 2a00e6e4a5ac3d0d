import { systemClock, type Clock } from '../../ports/platform/clock.ts'
import {
  createRingAnswerer,
  type RingAnswer,
  type RingAnswererOptions,
} from '../../workers/push/ring-answerer.ts'
import { decodeRing } from '../../workers/push/ring.ts'
import type { MessageBatchLike, MessageLike } from './queue-binding.ts'

/** Options of {@link queuesConsumer}. */
export interface QueuesConsumerOptions extends Pick<RingAnswererOptions, 'backend' | 'workers'> {
  /** How long one batch works at most, 1 to 840,000 ms, since a consumer may take 15 minutes; then the queue is rung anew. Default 600,000. */
  readonly timeLimitMs?: number
  /** Hears why a ring could not be answered. Must not throw. Default: nobody. */
  readonly onError?: (error: unknown) => void
  /** Default: the platform's. */
  readonly clock?: Clock
}

interface RungQueue {
  afterMs: number
  readonly messages: MessageLike[]
}

const FIRST_RETRY_S = 5
const LAST_RETRY_S = 600

/**
 * Makes the `queue` handler that answers the rings of `queuesDoorbell`: works the ledger of each queue that rang once,
 * however many rings a batch has for it, and rings for what comes later.
 *
 * A ring is acknowledged once its queue was worked. When the ledger cannot be reached it is retried after 5 seconds, doubling
 * to 10 minutes; so is a ring for a queue without a worker, perhaps not deployed yet, and a message that is no ring.
 * What was retried `max_retries` times goes to the consumer's `dead_letter_queue`; a ring lost so is made up by the next one.
 *
 * @throws RangeError when an option is out of range, or two workers are for one queue
 */
export function queuesConsumer(
  options: QueuesConsumerOptions,
): (batch: MessageBatchLike) => Promise<void> {
  const { backend, workers, timeLimitMs = 600_000, onError, clock = systemClock } = options
  if (!(timeLimitMs >= 1 && timeLimitMs <= 840_000))
    throw new RangeError(
      `Cannot consume Cloudflare queue: timeLimitMs is ${timeLimitMs}, 1 to 840000 allowed`,
    )
  const answerRing = createRingAnswerer({ backend, workers, timeLimitMs, clock })

  async function answer(queue: string, { afterMs, messages }: RungQueue): Promise<void> {
    let done: RingAnswer
    try {
      done = await answerRing({ queue, afterMs })
    } catch (error) {
      onError?.(error)
      for (const message of messages) retryLater(message)
      return
    }
    if (done.kind === 'unknown_queue')
      onError?.(
        new RangeError(
          `Cannot answer ring: queue ${JSON.stringify(queue.slice(0, 130))} has no worker, one expected`,
        ),
      )
    for (const message of messages) {
      if (done.kind === 'unknown_queue') retryLater(message)
      else message.ack()
    }
  }

  return async ({ messages }) => {
    const rung = new Map<string, RungQueue>()
    for (const message of messages) {
      const ring = decodeRing(message.body)
      if (ring === null) {
        onError?.(new TypeError('Cannot answer ring: the message is none, a ring expected'))
        retryLater(message)
        continue
      }
      const entry = rung.get(ring.queue) ?? { afterMs: Infinity, messages: [] }
      // The soonest stands for the others: after the work the ledger says when to ring next.
      entry.afterMs = Math.min(entry.afterMs, ring.afterMs)
      entry.messages.push(message)
      rung.set(ring.queue, entry)
    }
    await Promise.all([...rung].map(([queue, entry]) => answer(queue, entry)))
  }
}

function retryLater(message: MessageLike): void {
  const delaySeconds = Math.min(FIRST_RETRY_S * 2 ** (message.attempts - 1), LAST_RETRY_S)
  message.retry({ delaySeconds })
}
