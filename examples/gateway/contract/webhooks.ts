import * as z from 'zod/mini'
import type { ContentFilter, EndpointRateLimit } from '@white-cross/reuse/infrastructure/webhooks'
import { operation } from '../http/operation.ts'
import { lazily } from '../http/lazily.ts'
import {
  described,
  Duration,
  Instant,
  named,
  NextCursor,
  pageQuery,
  plainObject,
  text,
} from './shapes.ts'
import { perSecond, StartedReplay, webhooksRead, webhooksWrite } from './webhook-policies.ts'

/** The shapes; what the values may be is the service's to say. */
const settings = lazily(() => ({
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
}))

const EndpointChanges = lazily(() => named('EndpointChanges', z.strictObject(settings())))

const NewEndpoint = lazily(() =>
  named(
    'NewEndpoint',
    z.strictObject({
      ...settings(),
      url: text(4000),
      tenant: z.optional(z.string()),
      uid: z.optional(z.string()),
      signature: z.optional(z.enum(['v1', 'v1a'])),
      enabled: z.optional(z.boolean()),
    }),
  ),
)

const endpoint = lazily(() => ({
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
  verifiedAt: z.nullable(Instant()),
  createdAt: Instant(),
  updatedAt: Instant(),
}))
const Endpoint = lazily(() => named('Endpoint', z.object(endpoint())))
const CreatedEndpoint = lazily(() =>
  named(
    'CreatedEndpoint',
    z.object({
      ...endpoint(),
      secret: described(z.nullable(z.string()), {
        description:
          'What the receiver verifies with, shown this once; null for one that was there',
      }),
    }),
  ),
)

export const createEndpoint = operation({
  id: 'webhooks.endpoints.create',
  method: 'POST',
  path: '/v1/webhooks/endpoints',
  summary: 'Create an endpoint; its secret is shown this once',
  policy: webhooksWrite,
  tenantInBody: true,
  secret: true,
  shapes: () => ({
    body: NewEndpoint(),
    answers: { 201: CreatedEndpoint(), 200: CreatedEndpoint() },
  }),
})
export const listEndpoints = operation({
  id: 'webhooks.endpoints.list',
  method: 'GET',
  path: '/v1/webhooks/endpoints',
  summary: 'List endpoints',
  policy: webhooksRead,
  shapes: () => ({
    query: z.strictObject(pageQuery()),
    answers: { 200: z.object({ endpoints: z.array(Endpoint()), cursor: NextCursor() }) },
  }),
})
export const getEndpoint = operation({
  id: 'webhooks.endpoints.get',
  method: 'GET',
  path: '/v1/webhooks/endpoints/:id',
  summary: 'Read an endpoint',
  policy: webhooksRead,
  shapes: () => ({ answers: { 200: Endpoint() } }),
})
export const updateEndpoint = operation({
  id: 'webhooks.endpoints.update',
  method: 'PATCH',
  path: '/v1/webhooks/endpoints/:id',
  summary: 'Change what is given of an endpoint',
  policy: webhooksWrite,
  shapes: () => ({ body: EndpointChanges(), answers: { 200: Endpoint() } }),
})
export const deleteEndpoint = operation({
  id: 'webhooks.endpoints.delete',
  method: 'DELETE',
  path: '/v1/webhooks/endpoints/:id',
  summary: 'Delete an endpoint; what is on its way to it is cancelled',
  policy: webhooksWrite,
  shapes: () => ({ answers: { 204: null } }),
})
export const enableEndpoint = operation({
  id: 'webhooks.endpoints.enable',
  method: 'POST',
  path: '/v1/webhooks/endpoints/:id/enable',
  summary: 'Let an endpoint have webhooks again',
  policy: webhooksWrite,
  shapes: () => ({ answers: { 200: Endpoint() } }),
})
export const disableEndpoint = operation({
  id: 'webhooks.endpoints.disable',
  method: 'POST',
  path: '/v1/webhooks/endpoints/:id/disable',
  summary: 'Hold the webhooks of an endpoint',
  policy: webhooksWrite,
  shapes: () => ({ answers: { 200: Endpoint() } }),
})
export const rotateEndpointSecret = operation({
  id: 'webhooks.endpoints.rotate-secret',
  method: 'POST',
  path: '/v1/webhooks/endpoints/:id/rotate-secret',
  summary: 'Give an endpoint a new secret; the old one signs along for `overlap`',
  policy: webhooksWrite,
  bodyOptional: true,
  secret: true,
  shapes: () => ({
    body: z.strictObject({ overlap: z.optional(Duration()) }),
    answers: { 200: z.object({ secret: z.string() }) },
  }),
})
export const verifyEndpoint = operation({
  id: 'webhooks.endpoints.verify',
  method: 'POST',
  path: '/v1/webhooks/endpoints/:id/verify',
  summary: 'Send an endpoint its challenge; the right answer verifies it',
  policy: webhooksWrite,
  shapes: () => ({
    answers: {
      200: z.object({
        verified: z.boolean(),
        reason: z.optional(z.string()),
        message: z.optional(z.string()),
      }),
    },
  }),
})
export const recoverEndpoint = operation({
  id: 'webhooks.endpoints.recover',
  method: 'POST',
  path: '/v1/webhooks/endpoints/:id/recover',
  summary: 'Send an endpoint all that is dead or held since a time',
  policy: webhooksWrite,
  shapes: () => ({
    body: z.strictObject({ since: z.number(), ...perSecond() }),
    answers: { 202: StartedReplay() },
  }),
})
export const endpointStats = operation({
  id: 'webhooks.endpoints.stats',
  method: 'GET',
  path: '/v1/webhooks/endpoints/:id/stats',
  summary: 'How an endpoint has been doing lately',
  policy: webhooksRead,
  shapes: () => ({
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
  }),
})
