import { callQuietly } from '../../../primitives/call-quietly.ts'
import { checkOptions } from '../../../primitives/check-options.ts'
import { checkDuration } from '../../../primitives/check-range.ts'
import type { Duration } from '../../../primitives/duration.ts'
import { systemClock } from '../../ports/platform/clock.ts'
import { createWakeHandler, type WakeHandlerOptions } from '../../workers/push/wake-handler.ts'
import { decodeWakeMessage } from '../../workers/push/wake-message.ts'
import {
  answer,
  answerDead,
  createSignedRequestReader,
  SIGNED_REQUEST_OPTIONS,
  type SignedRequestOptions,
} from './signed-request.ts'

/** Options of {@link qstashHandler}. */
export interface QstashHandlerOptions
  extends SignedRequestOptions, Pick<WakeHandlerOptions, 'backend' | 'workers'> {
  /**
   * How long one wake works at most, up to 2 h, within what the plan allows an answer to take; then
   * QStash is answered and the queue woken anew. Default 5 min.
   */
  readonly timeLimit?: Duration
  /**
   * Hears why a queue could not be worked; QStash wakes again. What it throws is ignored. Default:
   * nobody.
   */
  readonly onError?: (error: unknown) => unknown
}

/**
 * Answers the wakes of `qstashWaker`: verifies that they are QStash's, works the queue's job store
 * until nothing can be run now, and wakes for what comes later.
 *
 * Status 200: worked; 401: not signed by QStash for this URL, or too old; 404: no worker for the
 * queue, perhaps not deployed yet; 489: no wake; 503: the job store cannot be reached. QStash
 * delivers the last ones again.
 *
 * @example
 * const backend = { ...redis(upstash), waker: qstashWaker({ token, url }) }
 * const handle = qstashHandler({ url, signingKeys, backend, workers: [emailQueue] })
 *
 * @throws RangeError when an option is out of range, or two workers are for one queue
 * @throws TypeError when `url` is missing or no URL
 */
export function qstashHandler(
  options: QstashHandlerOptions,
): (request: Request) => Promise<Response> {
  const optional = [...SIGNED_REQUEST_OPTIONS, 'timeLimit', 'onError'] as const
  checkOptions('answer QStash', options, ['url', 'signingKeys', 'backend', 'workers'], optional)
  const { backend, workers, timeLimit = 300_000, clock = systemClock, onError } = options
  const timeLimitMs = checkDuration('answer QStash', 'timeLimit', timeLimit, 1, 7_200_000)
  const read = createSignedRequestReader(options)
  const answerRing = createWakeHandler({ backend, workers, timeLimitMs, clock })

  return async (request) => {
    const signed = await read(request)
    if ('refusal' in signed) return signed.refusal
    const wake = decodeWakeMessage(signed.body)
    if (wake === null) return answerDead({ code: 'no_ring' })
    try {
      const done = await answerRing(wake)
      return done.kind === 'unknown_queue' ? answer(404, { code: done.kind }) : answer(200, done)
    } catch (error) {
      callQuietly(() => onError?.(error))
      return answer(503, { code: 'queue_unavailable' })
    }
  }
}
