import { defineJob, JobQueue } from '@white-cross/reuse/infrastructure/background-jobs'
import { createNotifications } from '@white-cross/reuse/infrastructure/notifications'
import { outbox } from '@white-cross/reuse/infrastructure/notifications/outbox'
import { createPayments, money } from '@white-cross/reuse/infrastructure/payments'
import { sandbox } from '@white-cross/reuse/infrastructure/payments/sandbox'
import {
  ConcurrencyLimiter,
  GcraLimiter,
  SlidingWindowLimiter,
} from '@white-cross/reuse/infrastructure/rate-limiting'
import type { Backend } from '@white-cross/reuse/infrastructure/runtime/ports'
import { DistributedLock } from '@white-cross/reuse/infrastructure/runtime/coordination'
import { createWebhooks } from '@white-cross/reuse/infrastructure/webhooks'

/** Something that people do a million times. */
export interface CostUnit {
  readonly name: string
  /** Does it `count` times; what it leaves to workers need not have ended. */
  run(count: number): Promise<unknown>
}

const BULK = 500
const DATA = { note: 'x'.repeat(100) }

/** What a backend is measured with, and the workers that end it. */
export function costUnits(backend: Backend) {
  const queue = new JobQueue({
    name: 'costs',
    backend,
    jobs: { send: defineJob({ run: () => undefined }) },
    options: { removeOnComplete: true },
  })
  const webhooks = createWebhooks({
    backend,
    fetch: async () => new Response(null, { status: 204 }),
    outbound: { allowPrivateNetworks: 'for local development' },
  })
  const notifications = createNotifications({
    backend,
    from: 'shop@example.com',
    email: [outbox()],
  })
  const payments = createPayments({ backend, providers: { sandbox: sandbox() } })
  const everyMinute = { backend, limit: 1000, window: '1m' } as const
  const sliding = new SlidingWindowLimiter({ name: 'sliding', ...everyMinute })
  const gcra = new GcraLimiter({ name: 'gcra', ...everyMinute })
  const slots = new ConcurrencyLimiter({ name: 'slots', backend, limit: 1000 })
  const locks = new DistributedLock({ backend })
  let orders = 0
  const units: CostUnit[] = [
    {
      name: 'a job, added alone',
      run: (count) => each(count, () => queue.add('send', DATA)),
    },
    {
      name: `a job, added with ${BULK - 1} others`,
      async run(count) {
        for (let added = 0; added < count; added += BULK)
          await queue.addBulk(Array.from({ length: BULK }, () => ({ name: 'send', data: DATA })))
      },
    },
    {
      name: 'an event that one endpoint gets',
      async run(count) {
        await webhooks.endpoints.create({
          tenant: 'one',
          uid: 'only',
          url: 'http://127.0.0.1:9/hook',
        })
        await each(count, () => webhooks.publish({ tenant: 'one', type: 'order.paid', data: DATA }))
      },
    },
    {
      name: 'a decision of a sliding window',
      run: (count) => each(count, (index) => sliding.check(`user:${index % 10}`)),
    },
    {
      name: 'a decision of GCRA',
      run: (count) => each(count, (index) => gcra.check(`user:${index % 10}`)),
    },
    {
      name: 'a slot taken and given back',
      run: (count) => each(count, (index) => slots.run(`user:${index % 10}`, () => undefined)),
    },
    {
      name: 'a lock taken and given back',
      run: (count) =>
        each(count, (index) => locks.withLock(`order:${index % 10}`, async () => undefined)),
    },
    {
      name: 'an e-mail sent',
      run: (count) =>
        each(count, (index) =>
          notifications.sendEmail({ to: `u${index}@example.com`, subject: 'Hi', text: 'Hello' }),
        ),
    },
    {
      name: 'a payment, created and confirmed at once',
      run: (count) =>
        each(count, () =>
          payments.createPaymentIntent({
            // Each is one that was not there before.
            operationId: `order-${++orders}`,
            amount: money('49.90', 'EUR'),
            paymentMethod: 'pm_success',
            confirm: true,
          }),
        ),
    },
  ]
  return { units, workers: [queue, webhooks] as const }
}

async function each(count: number, act: (index: number) => Promise<unknown>): Promise<void> {
  for (let index = 0; index < count; index++) await act(index)
}
