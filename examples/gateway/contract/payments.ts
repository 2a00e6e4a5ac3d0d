import * as z from 'zod/mini'
import { operation } from '../http/operation.ts'
import {
  actOnPayment,
  change,
  metadata,
  Money,
  operationId,
  paymentsRead,
  paymentsWrite,
  refresh,
} from './payment-policies.ts'
import { lazily } from '../http/lazily.ts'
import { Instant, judgedByService, Limit, named, NextCursor, SequenceCursor } from './shapes.ts'

const NextAction = lazily(() =>
  named(
    'NextAction',
    z.looseObject({
      type: z.enum(['redirect', 'client_sdk', 'client_verification', 'display', 'await']),
    }),
  ),
)
const payment = lazily(() => ({
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
  amount: Money(),
  amounts: z.object({
    authorized: Money(),
    captured: Money(),
    refunded: Money(),
    disputed: Money(),
  }),
  refundable: Money(),
  underpaid: z.boolean(),
  nextAction: z.nullable(NextAction()),
  decline: z.nullable(z.object({ code: z.string(), advice: z.optional(z.string()) })),
  risk: z.looseObject({ level: z.enum(['low', 'medium', 'high', 'unknown']) }),
  metadata: metadata(),
  createdAt: Instant(),
  updatedAt: Instant(),
  version: z.number(),
}))
const Payment = lazily(() => named('Payment', z.object(payment())))
const Refund = lazily(() =>
  named(
    'Refund',
    z.object({
      id: z.string(),
      paymentId: z.string(),
      provider: z.string(),
      reference: z.nullable(z.string()),
      state: z.enum(['indeterminate', 'pending', 'succeeded', 'failed', 'canceled']),
      amount: Money(),
      reason: z.string(),
      failure: z.nullable(z.string()),
      createdAt: Instant(),
      updatedAt: Instant(),
    }),
  ),
)
const NewPayment = lazily(() =>
  z.object({
    ...operationId(),
    amount: Money(),
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
    metadata: z.optional(metadata()),
  }),
)

export const createPayment = operation({
  id: 'payments.create',
  method: 'POST',
  path: '/v1/payments',
  summary: 'Create a payment, once for each operation id: the header idempotency-key names it',
  policy: paymentsWrite,
  shapes: () => ({
    body: judgedByService(named('NewPayment', NewPayment())),
    answers: { 201: Payment() },
  }),
})
export const createCheckout = operation({
  id: 'payments.checkouts.create',
  method: 'POST',
  path: '/v1/payments/checkouts',
  summary: 'Create a page of the provider’s where a customer pays',
  policy: paymentsWrite,
  shapes: () => ({
    body: judgedByService(
      z.object({
        ...operationId(),
        amount: Money(),
        name: z.string(),
        capture: z.optional(z.enum(['automatic', 'manual'])),
        customer: z.optional(z.string()),
        returnUrl: z.string(),
        cancelUrl: z.optional(z.string()),
        metadata: z.optional(metadata()),
      }),
    ),
    answers: {
      201: z.object({ payment: Payment(), url: z.string(), expiresAt: z.nullable(Instant()) }),
    },
  }),
})
export const getPayment = operation({
  id: 'payments.get',
  method: 'GET',
  path: '/v1/payments/:id',
  summary: 'Read a payment; `refresh` asks the provider',
  policy: paymentsRead,
  shapes: () => ({ query: refresh(), answers: { 200: Payment() } }),
})
export const listRefunds = operation({
  id: 'payments.refunds.list',
  method: 'GET',
  path: '/v1/payments/:id/refunds',
  summary: 'List what was given back of a payment',
  policy: paymentsRead,
  shapes: () => ({ answers: { 200: z.object({ refunds: z.array(Refund()) }) } }),
})
export const auditTrail = operation({
  id: 'payments.audit-trail',
  method: 'GET',
  path: '/v1/payments/:id/audit-trail',
  summary: 'List what was done to a payment, in order',
  policy: paymentsRead,
  shapes: () => ({
    query: z.strictObject({ limit: z.optional(Limit()), cursor: z.optional(SequenceCursor()) }),
    answers: {
      200: z.object({
        entries: z.array(
          z.looseObject({ sequence: z.number(), at: Instant(), action: z.string() }),
        ),
        cursor: NextCursor(),
      }),
    },
  }),
})
export const confirmPayment = actOnPayment(
  'payments.confirm',
  '/v1/payments/:id/confirm',
  'Confirm a payment',
  () => z.object({ ...operationId(), paymentMethod: z.optional(z.string()) }),
  Payment,
)
export const capturePayment = actOnPayment(
  'payments.capture',
  '/v1/payments/:id/capture',
  'Capture what was authorized',
  () => z.object({ ...operationId(), amount: z.optional(Money()) }),
  Payment,
)
export const cancelPayment = actOnPayment(
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
  policy: paymentsWrite,
  shapes: () => ({ answers: { 200: Payment() } }),
})
export const createRefund = operation({
  id: 'payments.refund',
  method: 'POST',
  path: '/v1/refunds',
  summary: 'Give money of a payment back',
  policy: paymentsWrite,
  shapes: () => ({
    body: judgedByService(
      named(
        'NewRefund',
        z.object({
          ...operationId(),
          payment: z.string(),
          amount: z.optional(Money()),
          reason: z.optional(z.string()),
        }),
      ),
    ),
    answers: { 201: Refund() },
  }),
})
