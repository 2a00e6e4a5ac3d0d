import type { ClaimedJob, NewJob } from '../../../runtime/ports/job-store/job-store.ts'
import type { JobOutcome } from '../../../runtime/ports/job-store/job-outcome.ts'
import { readTraceHeaders, type TraceHeaders } from '../../../runtime/ports/trace-carrier.ts'
import type { JsonOf } from '../queues/json-of.ts'
import type { Delivery, DeliveryLane } from './delivery.ts'

/** The queue whose jobs make attempts. */
export const DELIVERY_QUEUE = 'webhooks.deliveries'
/**
 * The same for endpoints in doubt. A delivery is in one of them; should a crash leave it in both,
 * the slow one goes on: what ends here for having been moved must find it there, whenever it looks.
 */
export const SLOW_DELIVERY_QUEUE = 'webhooks.deliveries.slow'

/**
 * What a delivery's job carries. The record decides: a job that lags behind it (it was claimed
 * again after a crash, or a manual retry replaced it) sees that by these numbers and makes no
 * attempt.
 */
export interface DeliveryTask {
  readonly id: string
  readonly round: number
  /**
   * Attempts of the round that the job knows of: the record knows of more when a crash came between
   * both.
   */
  readonly attempts: number
  /** Send again although it was delivered. */
  readonly resend: boolean
  /** Of whoever published the event. */
  readonly trace?: TraceHeaders | undefined
}

/**
 * Jobs reschedule themselves and give deferred claims back, so that only crashes come near this.
 */
const MAX_CLAIMS = 1000

/** Deterministic, so that doing a fan-out or a retry again adds nothing. */
export function deliveryJobId(id: string, round: number): string {
  return round === 0 ? id : `${id}#${round}`
}

/** @param delayMs Before the first attempt */
export function deliveryJob(task: DeliveryTask, delayMs = 0): NewJob {
  return {
    id: deliveryJobId(task.id, task.round),
    name: 'deliver',
    data: dataOf(task),
    delayMs: Math.round(delayMs),
    maxAttempts: MAX_CLAIMS,
  }
}

/** The task of a delivery's first round. */
export function firstTask({ id }: Pick<Delivery, 'id'>): DeliveryTask {
  return { id, round: 0, attempts: 0, resend: false }
}

/** The task of a manual retry: one round on. */
export function retryTask({ id, round, state }: Delivery): DeliveryTask {
  return { id, round: round + 1, attempts: 0, resend: state === 'delivered' }
}

/** @returns What the job's id says and what it carries */
export function taskOf({ id: jobId, data }: Pick<ClaimedJob, 'id' | 'data'>): DeliveryTask {
  const [id = '', round = '0'] = jobId.split('#')
  // Only `deliveryJob` and `outcomeOf` write the queue's jobs.
  const { attempts = 0, resend = false, trace } = data as JsonOf<Partial<DeliveryTask>>
  return { id, round: Number(round), attempts, resend, trace: readTraceHeaders(trace) }
}

/** What the id does not say; nothing for the first attempt. */
function dataOf({ attempts, resend, trace }: DeliveryTask): NewJob['data'] {
  return {
    ...(attempts > 0 && { attempts }),
    ...(resend && { resend }),
    ...(trace !== undefined && { trace: { ...trace } }),
  }
}

/** Puts a job off without counting it as an attempt. */
export function waitFor(delayMs: number): JobOutcome {
  return { to: 'scheduled', delayMs: Math.max(Math.round(delayMs), 0), refund: true }
}

/**
 * What becomes of the job of one lane, as the delivery's record says: it goes on, unless another
 * job is the delivery's by now.
 */
export function outcomeOf(
  delivery: Delivery,
  task: DeliveryTask,
  lane: DeliveryLane,
  now: number,
): JobOutcome {
  const { state, round, roundAttempts, nextAttemptAt, lastAttempt } = delivery
  if (round > task.round) return { to: 'completed', result: { state: 'superseded' } }
  switch (state) {
    case 'pending':
    case 'retrying':
      if (lane === 'main' && delivery.lane === 'slow')
        return { to: 'completed', result: { state: 'moved' } }
      return {
        to: 'scheduled',
        delayMs: Math.max(Math.round((nextAttemptAt ?? now) - now), 0),
        refund: true,
        data: dataOf({ ...task, attempts: roundAttempts }),
        ...(lastAttempt !== null && { error: { code: lastAttempt.error } }),
      }
    case 'dead':
      return { to: 'dead', error: { code: lastAttempt?.error ?? null } }
    default:
      return { to: 'completed', result: { state } }
  }
}
