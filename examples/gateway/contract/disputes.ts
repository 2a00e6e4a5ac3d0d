import * as z from 'zod/mini'
import { operation } from '../http/operation.ts'
import { change, Money, operationId, paymentsRead, paymentsWrite } from './payment-policies.ts'
import { lazily } from '../http/lazily.ts'
import { AnyJson, Instant, judgedByService, Limit, named, NextCursor, text } from './shapes.ts'

const Dispute = lazily(() =>
  named(
    'Dispute',
    z.looseObject({
      reference: z.string(),
      paymentReference: z.string(),
      state: z.string(),
      amount: Money(),
      reason: z.string(),
      dueAt: z.nullable(Instant()),
    }),
  ),
)
/** Providers know one account and no tenants. */
const ofAccount = { tenant: 'operator' } as const
const ofProvider = lazily(() => z.strictObject({ provider: z.optional(text(40)) }))

export const listDisputes = operation({
  id: 'disputes.list',
  method: 'GET',
  path: '/v1/disputes',
  summary: 'List what customers have disputed, of the provider’s whole account',
  policy: { ...paymentsRead, ...ofAccount },
  shapes: () => ({
    query: z.strictObject({
      provider: z.optional(text(40)),
      cursor: z.optional(text(500)),
      limit: z.optional(Limit()),
    }),
    answers: { 200: z.object({ disputes: z.array(Dispute()), cursor: NextCursor() }) },
  }),
})
export const getDispute = operation({
  id: 'disputes.get',
  method: 'GET',
  path: '/v1/disputes/:id',
  summary: 'Read a dispute, by the provider’s id',
  policy: { ...paymentsRead, ...ofAccount },
  shapes: () => ({ query: ofProvider(), answers: { 200: Dispute() } }),
})
export const submitEvidence = operation({
  id: 'disputes.submit-evidence',
  method: 'POST',
  path: '/v1/disputes/:id/evidence',
  summary: 'Hand evidence in',
  policy: { ...paymentsWrite, ...ofAccount },
  shapes: () => ({
    body: judgedByService(
      z.object({ ...operationId(), evidence: z.record(z.string(), AnyJson()) }),
    ),
    answers: { 200: Dispute() },
  }),
})
export const acceptDispute = operation({
  id: 'disputes.accept',
  method: 'POST',
  path: '/v1/disputes/:id/accept',
  summary: 'Give the money up',
  policy: { ...paymentsWrite, ...ofAccount },
  shapes: () => ({ body: judgedByService(change()), answers: { 200: Dispute() } }),
})
