import * as z from 'zod/mini'
import { operation, type Operation } from '../http/operation.ts'
import {
  AnyJson,
  Instant,
  judgedByService,
  Limit,
  named,
  NextCursor,
  Sequence,
  text,
} from './shapes.ts'

const Money = named('Money', z.object({ amount: z.string(), currency: z.string() }), {
  description:
    'A decimal text with the currency’s decimals: { "amount": "49.90", "currency": "EUR" }',
})
const NextAction = named(
  'NextAction',
  z.looseObject({
    type: z.enum(['redirect', 'client_sdk', 'client_verification', 'display', 'await']),
  }),
)
const metadata = z.record(z.string(), z.string())
const payment = {
  id: z.string(),
  provider: z.string(),
  reference: z.nullable(z.string()),
  state: z.enum([
    'requires_payment_method',
    'requires_confirmation',
    'requires_action',
    'processing',
    'requires_capture',
    'succeeded',
    'canceled',
    'failed',
    'expired',
    'indeterminate',
  ]),
  amount: Money,
  amounts: z.object({ authorized: Money, captured: Money, refunded: Money, disputed: Money }),
  refundable: Money,
  underpaid: z.boolean(),
  nextAction: z.nullable(NextAction),
  decline: z.nullable(z.object({ code: z.string(), advice: z.optional(z.string()) })),
  risk: z.looseObject({ level: z.enum(['low', 'medium', 'high', 'unknown']) }),
  metadata,
  createdAt: Instant,
  updatedAt: Instant,
  version: z.number(),
}
const Payment = named('Payment', z.object(payment))
const Refund = named(
  'Refund',
  z.object({
    id: z.string(),
    paymentId: z.string(),
    provider: z.string(),
    reference: z.nullable(z.string()),
    state: z.enum(['indeterminate', 'pending', 'succeeded', 'failed', 'canceled']),
    amount: Money,
    reason: z.string(),
    failure: z.nullable(z.string()),
    createdAt: Instant,
    updatedAt: Instant,
  }),
)
const Subscription = named(
  'Subscription',
  z.looseObject({
    id: z.string(),
    provider: z.string(),
    reference: z.nullable(z.string()),
    state: z.string(),
    plan: z.nullable(z.string()),
    quantity: z.number(),
    cancelAtPeriodEnd: z.boolean(),
    createdAt: Instant,
    updatedAt: Instant,
  }),
)
const Dispute = named(
  'Dispute',
  z.looseObject({
    reference: z.string(),
    paymentReference: z.string(),
    state: z.string(),
    amount: Money,
    reason: z.string(),
    dueAt: z.nullable(Instant),
  }),
)
const operationId = {
  operationId: z.optional(z.string()),
  provider: z.optional(z.string()),
}
const NewPayment = z.object({
  ...operationId,
  amount: Money,
  paymentMethod: z.optional(z.string()),
  customer: z.optional(z.string()),
  capture: z.optional(z.enum(['automatic', 'manual'])),
  confirm: z.optional(z.boolean()),
  offSession: z.optional(z.boolean()),
  saveMethod: z.optional(z.boolean()),
  description: z.optional(z.string()),
  statementDescriptor: z.optional(z.string()),
  receiptEmail: z.optional(z.string()),
  returnUrl: z.optional(z.string()),
  cancelUrl: z.optional(z.string()),
  threeDSecure: z.optional(z.enum(['automatic', 'challenge'])),
  metadata: z.optional(metadata),
})

const read = { scope: 'payments:read' } as const
const write = { scope: 'payments:write', audit: true } as const
/** Providers know one account and no tenants. */
const ofAccount = { tenant: 'operator' } as const
const refresh = z.strictObject({ refresh: z.optional(z.enum(['true', 'false'])) })
const ofProvider = z.strictObject({ provider: z.optional(text(40)) })

type Judged = z.ZodMiniType<Readonly<Record<string, unknown>>>

/** An act on what the path names. The operation id is the header `idempotency-key`, or in the body. */
function act(
  id: string,
  path: string,
  summary: string,
  shape: z.ZodMiniType,
  answer: z.ZodMiniType,
  method: 'POST' | 'PATCH' = 'POST',
): Operation<z.ZodMiniType<Readonly<Record<string, never>>>, Judged> {
  return operation({
    ...{ id, method, path, summary, policy: write },
    body: judgedByService(shape),
    answers: { 200: answer },
  })
}

const change = z.object(operationId)

export const createPayment = operation({
  id: 'payments.create',
  method: 'POST',
  path: '/v1/payments',
  summary: 'Create a payment, once for each operation id: the header idempotency-key names it',
  policy: write,
  body: judgedByService(named('NewPayment', NewPayment)),
  answers: { 201: Payment },
})
export const createCheckout = operation({
  id: 'payments.checkouts.create',
  method: 'POST',
  path: '/v1/payments/checkouts',
  summary: 'Create a page of the provider’s where a customer pays',
  policy: write,
  body: judgedByService(
    z.object({
      ...operationId,
      amount: Money,
      name: z.string(),
      capture: z.optional(z.enum(['automatic', 'manual'])),
      customer: z.optional(z.string()),
      returnUrl: z.string(),
      cancelUrl: z.optional(z.string()),
      metadata: z.optional(metadata),
    }),
  ),
  answers: {
    201: z.object({ payment: Payment, url: z.string(), expiresAt: z.nullable(Instant) }),
  },
})
export const getPayment = operation({
  id: 'payments.get',
  method: 'GET',
  path: '/v1/payments/:id',
  summary: 'Read a payment; `refresh` asks the provider',
  policy: read,
  query: refresh,
  answers: { 200: Payment },
})
export const listRefunds = operation({
  id: 'payments.refunds.list',
  method: 'GET',
  path: '/v1/payments/:id/refunds',
  summary: 'List what was given back of a payment',
  policy: read,
  answers: { 200: z.object({ refunds: z.array(Refund) }) },
})
export const auditTrail = operation({
  id: 'payments.audit-trail',
  method: 'GET',
  path: '/v1/payments/:id/audit-trail',
  summary: 'List what was done to a payment, in order',
  policy: read,
  query: z.strictObject({ after: z.optional(Sequence), limit: z.optional(Limit) }),
  answers: {
    200: z.object({
      entries: z.array(z.looseObject({ sequence: z.number(), at: Instant, action: z.string() })),
    }),
  },
})
export const confirmPayment = act(
  'payments.confirm',
  '/v1/payments/:id/confirm',
  'Confirm a payment',
  z.object({ ...operationId, paymentMethod: z.optional(z.string()) }),
  Payment,
)
export const capturePayment = act(
  'payments.capture',
  '/v1/payments/:id/capture',
  'Capture what was authorized',
  z.object({ ...operationId, amount: z.optional(Money) }),
  Payment,
)
export const cancelPayment = act(
  'payments.cancel',
  '/v1/payments/:id/cancel',
  'Cancel a payment',
  change,
  Payment,
)
export const reconcilePayment = operation({
  id: 'payments.reconcile',
  method: 'POST',
  path: '/v1/payments/:id/reconcile',
  summary: 'Find out what became of a payment whose answer was lost',
  policy: write,
  answers: { 200: Payment },
})
export const createRefund = operation({
  id: 'payments.refund',
  method: 'POST',
  path: '/v1/refunds',
  summary: 'Give money of a payment back',
  policy: write,
  body: judgedByService(
    named(
      'NewRefund',
      z.object({
        ...operationId,
        payment: z.string(),
        amount: z.optional(Money),
        reason: z.optional(z.string()),
      }),
    ),
  ),
  answers: { 201: Refund },
})
export const createSubscription = operation({
  id: 'subscriptions.create',
  method: 'POST',
  path: '/v1/subscriptions',
  summary: 'Begin what a customer pays again and again',
  policy: write,
  body: judgedByService(
    z.object({
      ...operationId,
      plan: z.string(),
      customer: z.string(),
      paymentMethod: z.optional(z.string()),
      quantity: z.optional(z.number()),
    }),
  ),
  answers: { 201: Subscription },
})
export const createPlan = operation({
  id: 'subscriptions.plans.create',
  method: 'POST',
  path: '/v1/subscriptions/plans',
  summary: 'Create a plan at the provider',
  policy: write,
  body: judgedByService(
    z.object({
      ...operationId,
      name: z.string(),
      amount: Money,
      interval: z.object({ unit: z.enum(['day', 'week', 'month', 'year']) }),
    }),
  ),
  answers: { 201: z.looseObject({ reference: z.string() }) },
})
export const getSubscription = operation({
  id: 'subscriptions.get',
  method: 'GET',
  path: '/v1/subscriptions/:id',
  summary: 'Read a subscription',
  policy: read,
  query: refresh,
  answers: { 200: Subscription },
})
export const changeSubscription = act(
  'subscriptions.change',
  '/v1/subscriptions/:id',
  'Change the plan or the quantity',
  z.object({ ...operationId, plan: z.optional(z.string()), quantity: z.optional(z.number()) }),
  Subscription,
  'PATCH',
)
export const pauseSubscription = act(
  'subscriptions.pause',
  '/v1/subscriptions/:id/pause',
  'Pause a subscription',
  change,
  Subscription,
)
export const resumeSubscription = act(
  'subscriptions.resume',
  '/v1/subscriptions/:id/resume',
  'Resume a subscription',
  change,
  Subscription,
)
export const cancelSubscription = act(
  'subscriptions.cancel',
  '/v1/subscriptions/:id/cancel',
  'Cancel a subscription, now or at the end of its period',
  z.object({ ...operationId, at: z.optional(z.enum(['now', 'period_end'])) }),
  Subscription,
)
export const reactivateSubscription = act(
  'subscriptions.reactivate',
  '/v1/subscriptions/:id/reactivate',
  'Take a cancellation back',
  change,
  Subscription,
)
export const listDisputes = operation({
  id: 'disputes.list',
  method: 'GET',
  path: '/v1/disputes',
  summary: 'List what customers have disputed, of the provider’s whole account',
  policy: { ...read, ...ofAccount },
  query: z.strictObject({
    provider: z.optional(text(40)),
    cursor: z.optional(text(500)),
    limit: z.optional(Limit),
  }),
  answers: { 200: z.object({ disputes: z.array(Dispute), cursor: NextCursor }) },
})
export const getDispute = operation({
  id: 'disputes.get',
  method: 'GET',
  path: '/v1/disputes/:id',
  summary: 'Read a dispute, by the provider’s id',
  policy: { ...read, ...ofAccount },
  query: ofProvider,
  answers: { 200: Dispute },
})
export const submitEvidence = operation({
  id: 'disputes.submit-evidence',
  method: 'POST',
  path: '/v1/disputes/:id/evidence',
  summary: 'Hand evidence in',
  policy: { ...write, ...ofAccount },
  body: judgedByService(z.object({ ...operationId, evidence: z.record(z.string(), AnyJson) })),
  answers: { 200: Dispute },
})
export const acceptDispute = operation({
  id: 'disputes.accept',
  method: 'POST',
  path: '/v1/disputes/:id/accept',
  summary: 'Give the money up',
  policy: { ...write, ...ofAccount },
  body: judgedByService(change),
  answers: { 200: Dispute },
})
