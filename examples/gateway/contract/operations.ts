import * as z from 'zod/mini'
import { operation } from '../http/operation.ts'
import { lazily } from '../http/lazily.ts'

const nothing = 'It says nothing about anybody'
const Health = lazily(() => z.looseObject({ status: z.string() }))

export const health = operation({
  id: 'health',
  method: 'GET',
  path: '/health',
  summary: 'Whether the backend answers, and how fast',
  policy: { public: nothing },
  shapes: () => ({ answers: { 200: Health(), 503: Health() } }),
})
export const healthLive = operation({
  id: 'health.live',
  method: 'GET',
  path: '/health/live',
  summary: 'Whether the gateway runs at all',
  policy: { public: nothing },
  shapes: () => ({ answers: { 200: 'text' } }),
})
export const healthReady = operation({
  id: 'health.ready',
  method: 'GET',
  path: '/health/ready',
  summary: 'Whether it can do its work: every dependency, none by its address',
  policy: { public: nothing },
  shapes: () => ({ answers: { 200: 'text', 503: 'text' } }),
})
export const metrics = operation({
  id: 'metrics',
  method: 'GET',
  path: '/metrics',
  summary: 'All metrics of all isolates, for Prometheus',
  policy: { scope: 'metrics:read', tenant: 'operator' },
  shapes: () => ({ answers: { 200: 'text' } }),
})
export const openApi = operation({
  id: 'openapi',
  method: 'GET',
  path: '/openapi.json',
  summary: 'This document',
  policy: { public: nothing },
  shapes: () => ({ answers: { 200: 'text' } }),
})
export const reference = operation({
  id: 'reference',
  method: 'GET',
  path: '/reference',
  summary: 'This document as a page',
  policy: { public: nothing },
  shapes: () => ({ answers: { 200: 'text' } }),
})

const provider = { public: 'The provider has signed it' } as const

export const incomingWebhook = operation({
  id: 'webhooks.incoming',
  method: 'POST',
  path: '/v1/webhooks/in/:provider',
  summary: 'Take a webhook of a provider, for the default tenant',
  policy: provider,
  shapes: () => ({ body: 'bytes', answers: { 200: 'text' } }),
})
export const incomingTenantWebhook = operation({
  id: 'webhooks.incoming-of-tenant',
  method: 'POST',
  path: '/v1/webhooks/in/:provider/:tenant',
  summary: 'Take a webhook of a provider, for a tenant',
  policy: provider,
  shapes: () => ({ body: 'bytes', answers: { 200: 'text' } }),
})

export const mcp = operation({
  id: 'mcp',
  method: 'POST',
  path: '/mcp',
  summary: 'Model Context Protocol: a few operations as tools, each under its own policy',
  policy: { scope: null, portal: true },
  shapes: () => ({
    body: 'bytes',
    answers: { 200: 'text', 202: 'text', 400: 'text', 403: 'text', 404: 'text' },
  }),
})
