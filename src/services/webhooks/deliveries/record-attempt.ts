import type { RandomSource } from '../../../runtime/ports/platform/random-source.ts'
import type { Attempt } from '../outbound/attempt.ts'
import type { DeliveryChange } from './delivery-changes.ts'
import type { DeliverySnapshot } from './delivery-log.ts'
import type { DeliveryTask } from './delivery-task.ts'
import { isSettled, type Delivery, type DeliveryLane, type DeliveryState } from './delivery.ts'
import {
  afterFailure,
  afterSuccess,
  type EndpointHealth,
  type HealthPolicy,
} from './endpoint-health.ts'
import { isCurrent } from './decide-task.ts'
import { keepNew, keepSettled, keepUnsettled } from './keep-until.ts'
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

/**
 * From here on the health is left as it is: some other of the many failures at once has told it.
 */
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
  const { now, body } = options
  const current = isCurrent(task, delivery)
  const freshRound = current && task.round > delivery.round
  const roundAttempts = freshRound ? 1 : delivery.roundAttempts + 1
  const next = whatNext(attempt, delivery, roundAttempts, current, options)
  const keepUntil = keepUntilOf(next, delivery, freshRound, options)
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
    keepUntil,
  }
  const healthAfter = healthOf(attempt, health, conflicts, options)
  return {
    delivery: recorded,
    attempt,
    ...(healthAfter !== health && { health: healthAfter }),
    ...((freshRound || keepUntil > delivery.keepUntil) && body !== null && { keepBody: body }),
  }
}

/**
 * Whatever is under way is kept until it has settled, and for as long as it should be from then on.
 */
function keepUntilOf(
  { state, nextAttemptAt }: Pick<Delivery, 'state' | 'nextAttemptAt'>,
  delivery: Delivery,
  freshRound: boolean,
  { now, retentionMs }: RecordOptions,
): number {
  if (isSettled(state)) {
    const from = freshRound || delivery.round > 0 ? now : delivery.createdAt
    return keepSettled(from, now, retentionMs)
  }
  const least = freshRound ? keepNew(now, retentionMs) : delivery.keepUntil
  return nextAttemptAt === null ? least : Math.max(least, keepUnsettled(nextAttemptAt))
}

/**
 * @returns The same health where nothing is told by the attempt, or it is enough that others tell
 *   it
 */
function healthOf(
  { error }: Attempt,
  health: EndpointHealth | null,
  conflicts: number,
  { now, policy, generation }: RecordOptions,
): EndpointHealth | null {
  if (conflicts >= MAX_HEALTH_CONFLICTS) return health
  if (error !== null)
    return OWN_ERRORS.has(error.code) ? health : afterFailure(health, policy, { generation, now })
  const after = afterSuccess(health, now)
  // While it is being let back, its successes say nothing new.
  const isSame = after !== null && health?.failing === null && after.backSince === health.backSince
  return isSame ? health : after
}

/**
 * An attempt that is no longer the current one (its lease was lost, or a retry by hand replaced it)
 * has happened all the same: it is written down, and its success counts. Its failure does not.
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
