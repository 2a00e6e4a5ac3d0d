import type { RandomSource } from '../../../runtime/ports/platform/random-source.ts'
import type { Attempt } from '../outbound/attempt.ts'
import type { DeliveryChange } from './delivery-changes.ts'
import type { DeliverySnapshot } from './delivery-log.ts'
import type { DeliveryTask } from './delivery-task.ts'
import type { Delivery, DeliveryLane, DeliveryState } from './delivery.ts'
import { afterFailure, type HealthPolicy } from './endpoint-health.ts'
import { isCurrent } from './decide-task.ts'
import { nextDelayMs, type RetrySchedule } from './retry-schedule.ts'

/** What {@link recordAttempt} decides by. */
export interface RecordOptions {
  readonly schedule: RetrySchedule
  readonly policy: HealthPolicy
  readonly retentionMs: number
  /** Whose job made the attempt. */
  readonly lane: DeliveryLane
  /** Generation of the circuit that admitted the attempt. */
  readonly generation: number
  /** The body that was sent: kept on when a new round begins. */
  readonly body: string | null
  readonly now: number
  /** Gives the jitter. */
  readonly random: Pick<RandomSource, 'fraction'>
}

/** From here on the health is left as it is: some other of the many failures at once has told it. */
const MAX_HEALTH_CONFLICTS = 5

/** Says nothing about the receiver. */
const OWN_ERRORS: ReadonlySet<string> = new Set(['transform_failed', 'payload_lost', 'aborted'])

/** What one attempt changes, from what stands in the store at that moment; pure. */
export function recordAttempt(
  attempt: Attempt,
  task: DeliveryTask,
  { delivery, health, conflicts }: DeliverySnapshot,
  options: RecordOptions,
): DeliveryChange | null {
  if (delivery === null) return null
  const { now, policy, generation, retentionMs, body } = options
  const current = isCurrent(task, delivery)
  const freshRound = current && task.round > delivery.round
  const roundAttempts = freshRound ? 1 : delivery.roundAttempts + 1
  const next = whatNext(attempt, delivery, roundAttempts, current, options)
  const recorded: Delivery = {
    ...delivery,
    ...next,
    updatedAt: now,
    attempts: delivery.attempts + 1,
    round: freshRound ? task.round : delivery.round,
    roundAttempts: current ? roundAttempts : delivery.roundAttempts,
    lane: current ? options.lane : delivery.lane,
    lastAttempt: {
      at: attempt.at,
      durationMs: attempt.durationMs,
      status: attempt.status,
      error: attempt.error?.code ?? null,
    },
    keepUntil: freshRound ? now + retentionMs : delivery.keepUntil,
  }
  const tellsHealth =
    conflicts < MAX_HEALTH_CONFLICTS &&
    (attempt.error === null ? health !== null : !OWN_ERRORS.has(attempt.error.code))
  return {
    delivery: recorded,
    attempt,
    ...(tellsHealth && {
      health: attempt.error === null ? null : afterFailure(health, policy, { generation, now }),
    }),
    ...(freshRound && body !== null && { keepBody: body }),
  }
}

/**
 * An attempt that is no longer the current one (its lease was lost, or a retry by hand replaced it) has happened all the
 * same: it is written down, and its success counts. Its failure does not.
 */
function whatNext(
  attempt: Attempt,
  delivery: Delivery,
  failures: number,
  current: boolean,
  { schedule, now, random }: RecordOptions,
): { readonly state: DeliveryState; readonly nextAttemptAt: number | null } {
  if (attempt.error === null) return { state: 'delivered', nextAttemptAt: null }
  if (!current) return { state: delivery.state, nextAttemptAt: delivery.nextAttemptAt }
  const { code } = attempt.error
  const delayMs =
    code === 'gone' || code === 'payload_lost'
      ? null
      : nextDelayMs(schedule, failures, attempt.retryAfterMs, random.fraction())
  if (delayMs === null) return { state: 'dead', nextAttemptAt: null }
  return { state: 'retrying', nextAttemptAt: now + delayMs }
}
