import * as z from 'zod/mini'
import { SCOPES } from '../access/scopes.ts'
import { operation } from '../http/operation.ts'
import { lazily } from '../http/lazily.ts'
import {
  AnyJson,
  Duration,
  Instant,
  Limit,
  named,
  NextCursor,
  pageQuery,
  SequenceCursor,
} from './shapes.ts'

const Scope = lazily(() => named('Scope', z.enum(SCOPES)))
const key = lazily(() => ({
  id: z.string(),
  label: z.string(),
  tenant: z.nullable(z.string()),
  scopes: z.array(Scope()),
  createdAt: Instant(),
  expiresAt: z.nullable(Instant()),
  lastUsedAt: z.nullable(Instant()),
  requestsPerMinute: z.optional(z.number()),
}))
const ApiKey = lazily(() => named('ApiKey', z.object(key())))
const ShownApiKey = lazily(() => named('ShownApiKey', z.object({ ...key(), key: z.string() })))
const write = { scope: 'keys:write', audit: true } as const

export const createKey = operation({
  id: 'keys.create',
  method: 'POST',
  path: '/v1/keys',
  summary: 'Create an API key; it is shown this once. None may do more than who makes it',
  policy: write,
  tenantInBody: true,
  secret: true,
  shapes: () => ({
    body: named(
      'NewApiKey',
      z.strictObject({
        label: z.string().check(z.minLength(1), z.maxLength(100)),
        tenant: z.optional(z.string()),
        scopes: z.optional(z.array(Scope()).check(z.minLength(1), z.maxLength(SCOPES.length))),
        expiresIn: z.optional(Duration()),
        requestsPerMinute: z.optional(z.number().check(z.int(), z.gte(1), z.lte(1_000_000))),
        operator: z.optional(z.boolean()),
      }),
    ),
    answers: { 201: ShownApiKey() },
  }),
})

const ofOperators = lazily(() =>
  z.strictObject({ operators: z.optional(z.enum(['true', 'false'])) }),
)

export const listKeys = operation({
  id: 'keys.list',
  method: 'GET',
  path: '/v1/keys',
  summary: 'List the keys of the tenant, or those of operators',
  policy: { scope: 'keys:read' },
  shapes: () => ({
    query: z.strictObject({ operators: z.optional(z.enum(['true', 'false'])), ...pageQuery() }),
    answers: { 200: z.object({ keys: z.array(ApiKey()), cursor: NextCursor() }) },
  }),
})
export const getKey = operation({
  id: 'keys.get',
  method: 'GET',
  path: '/v1/keys/:id',
  summary: 'Read a key; its secret is not shown again',
  policy: { scope: 'keys:read' },
  shapes: () => ({ query: ofOperators(), answers: { 200: ApiKey() } }),
})
export const rotateKey = operation({
  id: 'keys.rotate',
  method: 'POST',
  path: '/v1/keys/:id/rotate',
  summary: 'Give a key a new secret; the old one is good for `overlap` more, by default an hour',
  policy: write,
  bodyOptional: true,
  secret: true,
  shapes: () => ({
    query: ofOperators(),
    body: z.strictObject({ overlap: z.optional(Duration()) }),
    answers: { 200: ShownApiKey() },
  }),
})
export const revokeKey = operation({
  id: 'keys.revoke',
  method: 'DELETE',
  path: '/v1/keys/:id',
  summary: 'Revoke a key',
  policy: write,
  shapes: () => ({ query: ofOperators(), answers: { 204: null } }),
})
export const createPortalToken = operation({
  id: 'portal-tokens.create',
  method: 'POST',
  path: '/v1/portal-tokens',
  summary: 'Make a token for a customer’s portal: endpoints and deliveries of one tenant',
  policy: { scope: 'portal:write', audit: true },
  bodyOptional: true,
  tenantInBody: true,
  secret: true,
  shapes: () => ({
    body: z.strictObject({
      tenant: z.optional(z.string()),
      readOnly: z.optional(z.boolean()),
      expiresIn: z.optional(Duration()),
    }),
    answers: {
      201: named(
        'PortalToken',
        z.object({ id: z.string(), token: z.string(), tenant: z.string(), expiresAt: Instant() }),
      ),
    },
  }),
})
const AuditEntry = lazily(() =>
  named(
    'AuditEntry',
    z.object({
      sequence: z.number(),
      at: Instant(),
      actor: z.string(),
      action: z.string(),
      target: z.string(),
      outcome: z.enum(['success', 'failure', 'denied']),
      detail: AnyJson(),
      requestId: z.nullable(z.string()),
      previous: z.string(),
      hash: z.string(),
    }),
  ),
)
export const listAudit = operation({
  id: 'audit.list',
  method: 'GET',
  path: '/v1/audit',
  summary: 'List administrative acts, the oldest first',
  policy: { scope: 'audit:read' },
  shapes: () => ({
    query: z.strictObject({ limit: z.optional(Limit()), cursor: z.optional(SequenceCursor()) }),
    answers: { 200: z.object({ entries: z.array(AuditEntry()), cursor: NextCursor() }) },
  }),
})
export const verifyAudit = operation({
  id: 'audit.verify',
  method: 'GET',
  path: '/v1/audit/verify',
  summary: 'Check that every entry of the audit log is there and as it was recorded',
  policy: { scope: 'audit:read' },
  shapes: () => ({ answers: { 200: z.looseObject({ ok: z.boolean(), entries: z.number() }) } }),
})
