import type { Clock } from '../../../runtime/ports/platform/clock.ts'
import type { EndpointStore } from '../endpoints/endpoint-store.ts'
import type { EndpointRecord } from '../endpoints/endpoint.ts'
import type { EmitOperationalEvent } from '../events/operational-event.ts'
import type { Delivery } from './delivery.ts'
import type { EndpointHealth } from './endpoint-health.ts'

/** What {@link applyAttemptEffects} is given. */
export interface AttemptEffectOptions {
  readonly endpoints: EndpointStore
  readonly emitOperationalEvent: EmitOperationalEvent
  readonly clock: Clock
  /** After so much failure without a success in between an endpoint is disabled, in ms. */
  readonly disableAfterMs: number
}

/**
 * What follows from a delivery's record beyond the delivery itself: its endpoint is disabled, and
 * whoever listens is told. Done again after a crash, it does what is missing and nothing else.
 */
export async function applyAttemptEffects(
  delivery: Delivery,
  health: EndpointHealth | null,
  endpoint: EndpointRecord | null,
  options: AttemptEffectOptions,
): Promise<void> {
  const { emitOperationalEvent } = options
  const { tenant, endpointId, lastAttempt } = delivery
  const after = endpoint === null ? null : await disable(delivery, health, endpoint, options)
  if (after !== null)
    await emitOperationalEvent(`disabled ${endpointId} ${after.updatedAt}`, {
      type: 'webhook.endpoint.disabled',
      data: {
        tenant,
        endpointId,
        reason: after.reason,
        failingSince: after.reason === 'gone' ? null : (health?.failing?.since ?? null),
      },
    })
  if (delivery.state !== 'dead') return
  await emitOperationalEvent(`dead ${delivery.id} ${delivery.round}`, {
    type: 'webhook.delivery.dead',
    data: {
      tenant,
      endpointId,
      deliveryId: delivery.id,
      eventType: delivery.eventType,
      attempts: delivery.attempts,
      error: lastAttempt?.error ?? null,
    },
  })
}

/**
 * @returns Why and when this delivery's attempt had the endpoint disabled; `null` when it had not
 */
async function disable(
  { endpointId, lastAttempt }: Delivery,
  health: EndpointHealth | null,
  endpoint: EndpointRecord,
  { endpoints, clock, disableAfterMs }: AttemptEffectOptions,
): Promise<{ readonly reason: 'gone' | 'failing'; readonly updatedAt: number } | null> {
  const now = clock.now()
  const gone = lastAttempt?.error === 'gone'
  const failingSince = health?.failing?.since ?? now
  const failing = now - failingSince >= disableAfterMs
  if (!gone && !failing) return null
  const reason = gone ? 'gone' : 'failing'
  // An answer from before the endpoint was changed or enabled again says nothing about what it is
  // now.
  const outdated = gone && endpoint.updatedAt > lastAttempt.at
  const after =
    endpoint.enabled && !outdated
      ? await endpoints.change(endpointId, (record) =>
          record.enabled && record.updatedAt === endpoint.updatedAt
            ? { ...record, enabled: false, disabledReason: reason, updatedAt: now }
            : null,
        )
      : endpoint
  if (after === null || after.enabled || after.disabledReason !== reason) return null
  return { reason, updatedAt: after.updatedAt }
}
