import * as z from 'zod/mini'
import { DELIVERY_STATES } from '@white-cross/reuse/infrastructure/webhooks'
import { operation } from '../http/operation.ts'
import { lazily } from '../http/lazily.ts'
import { AnyJson, Instant, InstantText, named, NextCursor, pageQuery, text } from './shapes.ts'
import { perSecond, StartedReplay, webhooksRead, webhooksWrite } from './webhook-policies.ts'

const DeliveryState = lazily(() => z.enum(DELIVERY_STATES))
const delivery = lazily(() => ({
  id: z.string(),
  tenant: z.string(),
  eventId: z.string(),
  eventType: z.string(),
  endpointId: z.string(),
  state: DeliveryState(),
  createdAt: Instant(),
  updatedAt: Instant(),
  attempts: z.number(),
  round: z.number(),
  roundAttempts: z.number(),
  nextAttemptAt: z.nullable(Instant()),
  lastAttempt: z.nullable(
    z.object({
      at: Instant(),
      durationMs: z.number(),
      status: z.nullable(z.number()),
      error: z.nullable(z.string()),
    }),
  ),
  lane: z.nullable(z.enum(['main', 'slow'])),
  keepUntil: Instant(),
  transformed: z.boolean(),
}))
const Delivery = lazily(() => named('Delivery', z.object(delivery())))
const DeliveryAttempt = lazily(() =>
  named(
    'DeliveryAttempt',
    z.object({
      number: z.number(),
      round: z.number(),
      at: Instant(),
      durationMs: z.number(),
      host: z.string(),
      requestHeaders: z.record(z.string(), z.string()),
      status: z.nullable(z.number()),
      error: z.nullable(z.object({ code: z.string(), message: z.string() })),
      retryAfterMs: z.nullable(z.number()),
      responseBody: z.string(),
      responseTruncated: z.boolean(),
    }),
  ),
)

export const publishEvent = operation({
  id: 'events.publish',
  method: 'POST',
  path: '/v1/events',
  summary: 'Publish an event: accepted by one durable write, its data sent byte for byte',
  policy: { scope: 'events:write' },
  tenantInBody: true,
  shapes: () => ({
    body: named(
      'NewEvent',
      z.strictObject({
        type: text(200),
        data: AnyJson(),
        id: z.optional(text(200)),
        tenant: z.optional(z.string()),
      }),
    ),
    answers: {
      202: named(
        'PublishedEvent',
        z.object({ id: z.string(), duplicate: z.boolean(), deliveries: z.string() }),
      ),
    },
  }),
})
export const listDeliveries = operation({
  id: 'webhooks.deliveries.list',
  method: 'GET',
  path: '/v1/deliveries',
  summary: 'List deliveries, latest event first',
  policy: webhooksRead,
  shapes: () => ({
    query: z.strictObject({
      event: z.optional(text(4000)),
      endpoint: z.optional(text(4000)),
      type: z.optional(text(200)),
      state: z.optional(DeliveryState()),
      since: z.optional(InstantText()),
      until: z.optional(InstantText()),
      ...pageQuery(),
    }),
    answers: { 200: z.object({ deliveries: z.array(Delivery()), cursor: NextCursor() }) },
  }),
})
export const replayDeliveries = operation({
  id: 'webhooks.deliveries.replay',
  method: 'POST',
  path: '/v1/deliveries/replay',
  summary: 'Send again whatever matches, also what was delivered',
  policy: webhooksWrite,
  tenantInBody: true,
  shapes: () => ({
    body: named(
      'ReplayFilter',
      z.strictObject({
        since: z.number(),
        until: z.optional(z.number()),
        endpoint: z.optional(text()),
        type: z.optional(text(200)),
        states: z.optional(z.array(DeliveryState())),
        tenant: z.optional(z.string()),
        ...perSecond(),
      }),
    ),
    answers: { 202: StartedReplay() },
  }),
})
export const getDelivery = operation({
  id: 'webhooks.deliveries.get',
  method: 'GET',
  path: '/v1/deliveries/:id',
  summary: 'Read a delivery with its attempts',
  policy: webhooksRead,
  shapes: () => ({
    answers: {
      200: named(
        'DeliveryDetails',
        z.object({ ...delivery(), attemptLog: z.array(DeliveryAttempt()) }),
      ),
    },
  }),
})
export const retryDelivery = operation({
  id: 'webhooks.deliveries.retry',
  method: 'POST',
  path: '/v1/deliveries/:id/retry',
  summary: 'Send a delivery again now',
  policy: webhooksWrite,
  shapes: () => ({ answers: { 202: z.object({ id: z.string(), round: z.number() }) } }),
})
export const deleteDelivery = operation({
  id: 'webhooks.deliveries.delete',
  method: 'DELETE',
  path: '/v1/deliveries/:id',
  summary: 'Remove a delivery with its attempts',
  // What was sent stays on a customer's record.
  policy: { ...webhooksWrite, portal: false },
  shapes: () => ({ answers: { 204: null } }),
})
