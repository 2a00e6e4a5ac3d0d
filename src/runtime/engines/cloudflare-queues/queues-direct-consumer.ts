import { callQuietly } from '../../../primitives/call-quietly.ts'
import { checkOptions } from '../../../primitives/check-options.ts'
import { checkDuration } from '../../../primitives/check-range.ts'
import type { Duration } from '../../../primitives/duration.ts'
import { runWithin } from '../../../primitives/run-within.ts'
import { systemClock, type Clock } from '../../ports/platform/clock.ts'
import type { Json } from '../../ports/json.ts'
import {
  decodeDirectJob,
  type DirectJob,
  type DirectProcess,
} from '../../workers/push/direct-job.ts'
import { runDirectJob } from '../../workers/push/run-direct-job.ts'
import { MAX_DELAY_S, type MessageBatchLike, type MessageLike } from './queue-binding.ts'

/** Options of {@link queuesDirectConsumer}. */
export interface QueuesDirectConsumerOptions {
  readonly process: DirectProcess
  /**
   * Keeps a job whose outcome is `dead`: a consumer cannot put a message into its dead-letter queue
   * itself. The message is acknowledged once this resolves, and retried when it rejects or takes
   * longer than `timeLimit`.
   */
  readonly onDead: (job: DirectJob, error: Json) => Promise<void>
  /** Longest time of one attempt, up to 14 min, since a consumer may take 15. Default 5 min. */
  readonly timeLimit?: Duration
  /**
   * Hears what `process` or `onDead` threw, and of messages that are no job. What it throws is
   * ignored. Default: nobody.
   */
  readonly onError?: (error: unknown, job: DirectJob | null) => unknown
  /** Default: the platform's. */
  readonly clock?: Clock
}

const CONSUME = 'consume Cloudflare queue'

/**
 * Makes the `queue` handler that runs the jobs of `queuesDirect`, those of a batch at once, each
 * settled on its own.
 *
 * `completed` acknowledges the message; `scheduled` retries it after its delay, up to 12 hours; a
 * job that throws or takes too long, and a message that is no job, are retried after the consumer's
 * `retry_delay`. Set `dead_letter_queue`: without it Cloudflare deletes a message that was retried
 * `max_retries` times.
 *
 * @throws RangeError when an option is out of range
 *
 * @example
 * const queue = queuesDirectConsumer({
 *   process: async ({ data }) => {
 *     await send(data)
 *     return { to: 'completed' }
 *   },
 *   onDead: async (job, error) => keep(job, error),
 * })
 * export default { fetch: app.fetch, queue }
 */
export function queuesDirectConsumer(
  options: QueuesDirectConsumerOptions,
): (batch: MessageBatchLike) => Promise<void> {
  checkOptions(CONSUME, options, ['process', 'onDead'], ['timeLimit', 'onError', 'clock'])
  const { process, onDead, timeLimit = 300_000, onError, clock = systemClock } = options
  const timeLimitMs = checkDuration(CONSUME, 'timeLimit', timeLimit, 1, 840_000)

  async function bury(job: DirectJob, error: Json, message: MessageLike): Promise<void> {
    try {
      const late = (): Error =>
        new Error(`Cannot keep job ${JSON.stringify(job.name)}: onDead took over ${timeLimitMs} ms`)
      await runWithin(clock, timeLimitMs, undefined, late, () => onDead(job, error))
      message.ack()
    } catch (thrown) {
      callQuietly(() => onError?.(thrown, job))
      message.retry()
    }
  }

  async function consume(message: MessageLike): Promise<void> {
    const sent = decodeDirectJob(message.body)
    if (sent === null) {
      callQuietly(() =>
        onError?.(new TypeError('Cannot run job: the message is none, a job expected'), null),
      )
      return message.retry()
    }
    const job: DirectJob = { ...sent, id: message.id, attempt: message.attempts }
    const outcome = await runDirectJob(job, { process, timeLimitMs, clock })
    switch (outcome.to) {
      case 'completed':
        return message.ack()
      case 'dead':
        return bury(job, outcome.error, message)
      case 'scheduled': {
        const seconds = Math.ceil(Math.max(outcome.delayMs, 0) / 1000)
        return message.retry({ delaySeconds: Math.min(seconds, MAX_DELAY_S) })
      }
      case 'failed':
        callQuietly(() => onError?.(outcome.thrown, job))
        return message.retry()
    }
  }

  return async ({ messages }) => {
    await Promise.all(messages.map(consume))
  }
}
