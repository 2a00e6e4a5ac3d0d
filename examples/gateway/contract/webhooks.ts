import * as z from 'zod/mini'
import {
  DELIVERY_STATES,
  type ContentFilter,
  type EndpointRateLimit,
} from '@white-cross/reuse/infrastructure/webhooks'
import { operation } from '../http/operation.ts'
import {
  AnyJson,
  described,
  Duration,
  Instant,
  InstantText,
  named,
  NextCursor,
  pageQuery,
  plainObject,
  text,
} from './shapes.ts'

/** The shapes; what the values may be is the service's to say. */
const settings = {
  url: z.optional(text(4000)),
  description: z.optional(text()),
  events: z.optional(z.array(text(200))),
  filter: z.optional(z.nullable(plainObject<ContentFilter>())),
  headers: z.optional(plainObject<Readonly<Record<string, string>>>()),
  transform: z.optional(z.nullable(text(200))),
  rateLimit: z.optional(
    z.nullable(
      z.strictObject({
        limit: z.number(),
        window: described(z.custom<EndpointRateLimit['window']>(), { type: ['number', 'string'] }),
      }),
    ),
  ),
}

const EndpointChanges = named('EndpointChanges', z.strictObject(settings))

const NewEndpoint = named(
  'NewEndpoint',
  z.strictObject({
    ...settings,
    url: text(4000),
    tenant: z.optional(z.string()),
    uid: z.optional(z.string()),
    signature: z.optional(z.enum(['v1', 'v1a'])),
    enabled: z.optional(z.boolean()),
  }),
)

const endpoint = {
  id: z.string(),
  tenant: z.string(),
  uid: z.nullable(z.string()),
  url: z.string(),
  description: z.string(),
  events: z.array(z.string()),
  filter: z.nullable(plainObject()),
  headerNames: z.array(z.string()),
  transform: z.nullable(z.string()),
  rateLimit: z.nullable(z.object({ limit: z.number(), window: z.number() })),
  enabled: z.boolean(),
  disabledReason: z.nullable(z.enum(['manual', 'gone', 'failing', 'unverified'])),
  verifiedAt: z.nullable(Instant),
  createdAt: Instant,
  updatedAt: Instant,
}
const Endpoint = named('Endpoint', z.object(endpoint))
const CreatedEndpoint = named(
  'CreatedEndpoint',
  z.object({
    ...endpoint,
    secret: described(z.nullable(z.string()), {
      description: 'What the receiver verifies with, shown this once; null for one that was there',
    }),
  }),
)

const DeliveryState = z.enum(DELIVERY_STATES)
const delivery = {
  id: z.string(),
  tenant: z.string(),
  eventId: z.string(),
  eventType: z.string(),
  endpointId: z.string(),
  state: DeliveryState,
  createdAt: Instant,
  updatedAt: Instant,
  attempts: z.number(),
  round: z.number(),
  roundAttempts: z.number(),
  nextAttemptAt: z.nullable(Instant),
  lastAttempt: z.nullable(
    z.object({
      at: Instant,
      durationMs: z.number(),
      status: z.nullable(z.number()),
      error: z.nullable(z.string()),
    }),
  ),
  lane: z.nullable(z.enum(['main', 'slow'])),
  keepUntil: Instant,
  transformed: z.boolean(),
}
const Delivery = named('Delivery', z.object(delivery))
const DeliveryAttempt = named(
  'DeliveryAttempt',
  z.object({
    number: z.number(),
    round: z.number(),
    at: Instant,
    durationMs: z.number(),
    host: z.string(),
    requestHeaders: z.record(z.string(), z.string()),
    status: z.nullable(z.number()),
    error: z.nullable(z.object({ code: z.string(), message: z.string() })),
    retryAfterMs: z.nullable(z.number()),
    responseBody: z.string(),
    responseTruncated: z.boolean(),
  }),
)
const StartedReplay = named('StartedReplay', z.object({ jobId: z.string() }))
const perSecond = { perSecond: z.optional(z.number()) }

const read = { scope: 'webhooks:read', portal: true } as const
const write = { scope: 'webhooks:write', portal: true, audit: true } as const

export const createEndpoint = operation({
  id: 'webhooks.endpoints.create',
  method: 'POST',
  path: '/v1/webhooks/endpoints',
  summary: 'Create an endpoint; its secret is shown this once',
  policy: write,
  body: NewEndpoint,
  tenantInBody: true,
  secret: true,
  answers: { 201: CreatedEndpoint, 200: CreatedEndpoint },
})
export const listEndpoints = operation({
  id: 'webhooks.endpoints.list',
  method: 'GET',
  path: '/v1/webhooks/endpoints',
  summary: 'List endpoints',
  policy: read,
  query: z.strictObject(pageQuery),
  answers: { 200: z.object({ endpoints: z.array(Endpoint), cursor: NextCursor }) },
})
export const getEndpoint = operation({
  id: 'webhooks.endpoints.get',
  method: 'GET',
  path: '/v1/webhooks/endpoints/:id',
  summary: 'Read an endpoint',
  policy: read,
  answers: { 200: Endpoint },
})
export const updateEndpoint = operation({
  id: 'webhooks.endpoints.update',
  method: 'PATCH',
  path: '/v1/webhooks/endpoints/:id',
  summary: 'Change what is given of an endpoint',
  policy: write,
  body: EndpointChanges,
  answers: { 200: Endpoint },
})
export const deleteEndpoint = operation({
  id: 'webhooks.endpoints.delete',
  method: 'DELETE',
  path: '/v1/webhooks/endpoints/:id',
  summary: 'Delete an endpoint; what is on its way to it is cancelled',
  policy: write,
  answers: { 204: null },
})
export const enableEndpoint = operation({
  id: 'webhooks.endpoints.enable',
  method: 'POST',
  path: '/v1/webhooks/endpoints/:id/enable',
  summary: 'Let an endpoint have webhooks again',
  policy: write,
  answers: { 200: Endpoint },
})
export const disableEndpoint = operation({
  id: 'webhooks.endpoints.disable',
  method: 'POST',
  path: '/v1/webhooks/endpoints/:id/disable',
  summary: 'Hold the webhooks of an endpoint',
  policy: write,
  answers: { 200: Endpoint },
})
export const rotateEndpointSecret = operation({
  id: 'webhooks.endpoints.rotate-secret',
  method: 'POST',
  path: '/v1/webhooks/endpoints/:id/rotate-secret',
  summary: 'Give an endpoint a new secret; the old one signs along for `overlap`',
  policy: write,
  body: z.strictObject({ overlap: z.optional(Duration) }),
  bodyOptional: true,
  secret: true,
  answers: { 200: z.object({ secret: z.string() }) },
})
export const verifyEndpoint = operation({
  id: 'webhooks.endpoints.verify',
  method: 'POST',
  path: '/v1/webhooks/endpoints/:id/verify',
  summary: 'Send an endpoint its challenge; the right answer verifies it',
  policy: write,
  answers: {
    200: z.object({
      verified: z.boolean(),
      reason: z.optional(z.string()),
      message: z.optional(z.string()),
    }),
  },
})
export const recoverEndpoint = operation({
  id: 'webhooks.endpoints.recover',
  method: 'POST',
  path: '/v1/webhooks/endpoints/:id/recover',
  summary: 'Send an endpoint all that is dead or held since a time',
  policy: write,
  body: z.strictObject({ since: z.number(), ...perSecond }),
  answers: { 202: StartedReplay },
})
export const endpointStats = operation({
  id: 'webhooks.endpoints.stats',
  method: 'GET',
  path: '/v1/webhooks/endpoints/:id/stats',
  summary: 'How an endpoint has been doing lately',
  policy: read,
  answers: {
    200: named(
      'EndpointStats',
      z.object({
        deliveries: z.number(),
        delivered: z.number(),
        dead: z.number(),
        pending: z.number(),
        successRate: z.nullable(z.number()),
        attemptSuccessRate: z.nullable(z.number()),
        latencyMs: z.nullable(z.object({ p50: z.number(), p95: z.number(), p99: z.number() })),
      }),
    ),
  },
})
export const publishEvent = operation({
  id: 'events.publish',
  method: 'POST',
  path: '/v1/events',
  summary: 'Publish an event: accepted by one durable write, its data sent byte for byte',
  policy: { scope: 'events:write' },
  body: named(
    'NewEvent',
    z.strictObject({
      type: text(200),
      data: AnyJson,
      id: z.optional(text(200)),
      tenant: z.optional(z.string()),
    }),
  ),
  tenantInBody: true,
  answers: {
    202: named(
      'PublishedEvent',
      z.object({ id: z.string(), duplicate: z.boolean(), deliveries: z.string() }),
    ),
  },
})
export const listDeliveries = operation({
  id: 'webhooks.deliveries.list',
  method: 'GET',
  path: '/v1/deliveries',
  summary: 'List deliveries, latest event first',
  policy: read,
  query: z.strictObject({
    event: z.optional(text(4000)),
    endpoint: z.optional(text(4000)),
    type: z.optional(text(200)),
    state: z.optional(DeliveryState),
    since: z.optional(InstantText),
    until: z.optional(InstantText),
    ...pageQuery,
  }),
  answers: { 200: z.object({ deliveries: z.array(Delivery), cursor: NextCursor }) },
})
export const replayDeliveries = operation({
  id: 'webhooks.deliveries.replay',
  method: 'POST',
  path: '/v1/deliveries/replay',
  summary: 'Send again whatever matches, also what was delivered',
  policy: write,
  body: named(
    'ReplayFilter',
    z.strictObject({
      since: z.number(),
      until: z.optional(z.number()),
      endpoint: z.optional(text()),
      type: z.optional(text(200)),
      states: z.optional(z.array(DeliveryState)),
      tenant: z.optional(z.string()),
      ...perSecond,
    }),
  ),
  tenantInBody: true,
  answers: { 202: StartedReplay },
})
export const getDelivery = operation({
  id: 'webhooks.deliveries.get',
  method: 'GET',
  path: '/v1/deliveries/:id',
  summary: 'Read a delivery with its attempts',
  policy: read,
  answers: {
    200: named('DeliveryDetails', z.object({ ...delivery, attemptLog: z.array(DeliveryAttempt) })),
  },
})
export const retryDelivery = operation({
  id: 'webhooks.deliveries.retry',
  method: 'POST',
  path: '/v1/deliveries/:id/retry',
  summary: 'Send a delivery again now',
  policy: write,
  answers: { 202: z.object({ id: z.string(), round: z.number() }) },
})
export const deleteDelivery = operation({
  id: 'webhooks.deliveries.delete',
  method: 'DELETE',
  path: '/v1/deliveries/:id',
  summary: 'Remove a delivery with its attempts',
  // What was sent stays on a customer's record.
  policy: { ...write, portal: false },
  answers: { 204: null },
})
