import * as z from 'zod/mini'
import { operation } from '../http/operation.ts'
import {
  actOnPayment,
  change,
  Money,
  operationId,
  paymentsRead,
  paymentsWrite,
  refresh,
} from './payment-policies.ts'
import { lazily } from '../http/lazily.ts'
import { Instant, judgedByService, named } from './shapes.ts'

const Subscription = lazily(() =>
  named(
    'Subscription',
    z.looseObject({
      id: z.string(),
      provider: z.string(),
      reference: z.nullable(z.string()),
      state: z.string(),
      plan: z.nullable(z.string()),
      quantity: z.number(),
      cancelAtPeriodEnd: z.boolean(),
      createdAt: Instant(),
      updatedAt: Instant(),
    }),
  ),
)

export const createSubscription = operation({
  id: 'subscriptions.create',
  method: 'POST',
  path: '/v1/subscriptions',
  summary: 'Begin what a customer pays again and again',
  policy: paymentsWrite,
  shapes: () => ({
    body: judgedByService(
      z.object({
        ...operationId(),
        plan: z.string(),
        customer: z.string(),
        paymentMethod: z.optional(z.string()),
        quantity: z.optional(z.number()),
      }),
    ),
    answers: { 201: Subscription() },
  }),
})
export const createPlan = operation({
  id: 'subscriptions.plans.create',
  method: 'POST',
  path: '/v1/subscriptions/plans',
  summary: 'Create a plan at the provider',
  policy: paymentsWrite,
  shapes: () => ({
    body: judgedByService(
      z.object({
        ...operationId(),
        name: z.string(),
        amount: Money(),
        interval: z.object({ unit: z.enum(['day', 'week', 'month', 'year']) }),
      }),
    ),
    answers: { 201: z.looseObject({ reference: z.string() }) },
  }),
})
export const getSubscription = operation({
  id: 'subscriptions.get',
  method: 'GET',
  path: '/v1/subscriptions/:id',
  summary: 'Read a subscription',
  policy: paymentsRead,
  shapes: () => ({ query: refresh(), answers: { 200: Subscription() } }),
})
export const changeSubscription = actOnPayment(
  'subscriptions.change',
  '/v1/subscriptions/:id',
  'Change the plan or the quantity',
  () =>
    z.object({ ...operationId(), plan: z.optional(z.string()), quantity: z.optional(z.number()) }),
  Subscription,
  'PATCH',
)
export const pauseSubscription = actOnPayment(
  'subscriptions.pause',
  '/v1/subscriptions/:id/pause',
  'Pause a subscription',
  change,
  Subscription,
)
export const resumeSubscription = actOnPayment(
  'subscriptions.resume',
  '/v1/subscriptions/:id/resume',
  'Resume a subscription',
  change,
  Subscription,
)
export const cancelSubscription = actOnPayment(
  'subscriptions.cancel',
  '/v1/subscriptions/:id/cancel',
  'Cancel a subscription, now or at the end of its period',
  () => z.object({ ...operationId(), at: z.optional(z.enum(['now', 'period_end'])) }),
  Subscription,
)
export const reactivateSubscription = actOnPayment(
  'subscriptions.reactivate',
  '/v1/subscriptions/:id/reactivate',
  'Take a cancellation back',
  change,
  Subscription,
)
