import type { Admission } from '../../../runtime/coordination/circuit-breaker/circuit-state.ts'
import type { EndpointRecord } from '../endpoints/endpoint.ts'
import type { DeliverySnapshot } from './delivery-log.ts'
import type { DeliveryTask } from './delivery-task.ts'
import { isSettled, type Delivery } from './delivery.ts'
import { admitAttempt, type HealthPolicy } from './endpoint-health.ts'

/** What a claimed job should do. */
export type TaskDecision =
  /** Nothing: the delivery is gone. */
  | { readonly kind: 'gone' }
  /** No attempt: the record already says what becomes of the job. */
  | { readonly kind: 'done'; readonly delivery: Delivery }
  /** Put the delivery aside. */
  | { readonly kind: 'shelve'; readonly state: 'held' | 'cancelled'; readonly delivery: Delivery }
  /** The circuit is open. */
  | { readonly kind: 'wait'; readonly delivery: Delivery; readonly delayMs: number }
  | {
      readonly kind: 'attempt'
      readonly delivery: Delivery
      readonly admission: Admission & { admitted: true }
    }

/** Decides from the record, the endpoint and its health; pure. */
export function decideTask(
  task: DeliveryTask,
  { delivery, health }: DeliverySnapshot,
  endpoint: EndpointRecord | null,
  policy: HealthPolicy,
  now: number,
): TaskDecision {
  if (delivery === null) return { kind: 'gone' }
  if (!isCurrent(task, delivery)) return { kind: 'done', delivery }
  if (endpoint === null) return { kind: 'shelve', state: 'cancelled', delivery }
  if (!endpoint.enabled) return { kind: 'shelve', state: 'held', delivery }
  const admission = admitAttempt(health, policy, now)
  if (admission.admitted) return { kind: 'attempt', delivery, admission }
  // Who retries by hand wants to see what happens, so the first attempt of a new round goes past an
  // open circuit.
  if (task.round > delivery.round)
    return {
      kind: 'attempt',
      delivery,
      admission: { ...admission, admitted: true, generation: admission.state.generation },
    }
  return { kind: 'wait', delivery, delayMs: admission.retryAfterMs }
}

/** Whether the job is the one that is to make the delivery's next attempt. */
export function isCurrent(task: DeliveryTask, delivery: Delivery): boolean {
  if (task.round > delivery.round) return delivery.state !== 'delivered' || task.resend
  return (
    task.round === delivery.round &&
    task.attempts === delivery.roundAttempts &&
    !isSettled(delivery.state)
  )
}
