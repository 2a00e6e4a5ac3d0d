import { callQuietly } from '../../../primitives/call-quietly.ts'
import { checkOptions } from '../../../primitives/check-options.ts'
import { checkDuration } from '../../../primitives/check-range.ts'
import type { Duration } from '../../../primitives/duration.ts'
import { systemClock } from '../../ports/platform/clock.ts'
import {
  decodeDirectJob,
  type DirectJob,
  type DirectProcess,
} from '../../workers/push/direct-job.ts'
import { runDirectJob } from '../../workers/push/run-direct-job.ts'
import {
  answer,
  answerDead,
  createSignedRequestReader,
  SIGNED_REQUEST_OPTIONS,
  type SignedRequestOptions,
} from './signed-request.ts'

/** Options of {@link qstashDirectHandler}. */
export interface QstashDirectHandlerOptions extends SignedRequestOptions {
  readonly process: DirectProcess
  /**
   * Longest time of one attempt, up to 2 h, within what the plan allows an answer to take. Default
   * 5 min.
   */
  readonly timeLimit?: Duration
  /**
   * Hears what `process` threw; QStash only learns that the attempt failed. What it throws itself
   * is ignored. Default: nobody.
   */
  readonly onError?: (error: unknown, job: DirectJob) => unknown
}

/** Beyond a day QStash would fall back to its own wait. */
const MAX_RETRY_AFTER_S = 86_400

/**
 * Runs the jobs that `qstashDirect` and `qstashSchedules` send, each once or more.
 *
 * Status 200: completed; 489: dead, kept in QStash's dead-letter queue with the error of the
 * outcome; 503 with `Retry-After`: again after that, up to a day; 500: `process` threw or took too
 * long, again after QStash's own wait; 401: not signed by QStash for this URL, or too old.
 *
 * @example
 * const handle = qstashDirectHandler({
 *   url: 'https://app.example.com/images',
 *   signingKeys,
 *   process: async ({ name, data }) => {
 *     await resize(data)
 *     return { to: 'completed' }
 *   },
 * })
 *
 * @throws RangeError when an option is out of range
 * @throws TypeError when `url` is missing or no URL
 */
export function qstashDirectHandler(
  options: QstashDirectHandlerOptions,
): (request: Request) => Promise<Response> {
  const optional = [...SIGNED_REQUEST_OPTIONS, 'timeLimit', 'onError'] as const
  checkOptions('answer QStash', options, ['url', 'signingKeys', 'process'], optional)
  const { process, timeLimit = 300_000, clock = systemClock, onError } = options
  const timeLimitMs = checkDuration('answer QStash', 'timeLimit', timeLimit, 1, 7_200_000)
  const read = createSignedRequestReader(options)

  return async (request) => {
    const signed = await read(request)
    if ('refusal' in signed) return signed.refusal
    const sent = decodeDirectJob(signed.body)
    if (sent === null) return answerDead({ code: 'no_job' })
    const job: DirectJob = {
      ...sent,
      id: request.headers.get('upstash-message-id') ?? '',
      attempt: attemptOf(request),
    }
    const outcome = await runDirectJob(job, { process, timeLimitMs, clock })
    switch (outcome.to) {
      case 'completed':
        return answer(200, {})
      case 'dead':
        return answerDead({ code: 'dead', error: outcome.error })
      case 'scheduled': {
        const seconds = Math.ceil(Math.max(outcome.delayMs, 0) / 1000)
        return answer(
          503,
          { code: 'scheduled', error: outcome.error ?? null },
          { 'retry-after': String(Math.min(seconds, MAX_RETRY_AFTER_S)) },
        )
      }
      case 'failed':
        callQuietly(() => onError?.(outcome.thrown, job))
        return answer(500, { code: 'failed' })
    }
  }
}

/** QStash counts the tries after the first. */
function attemptOf(request: Request): number {
  const retried = request.headers.get('upstash-retried') ?? '0'
  return /^\d{1,9}$/.test(retried) ? Number(retried) + 1 : 1
}
