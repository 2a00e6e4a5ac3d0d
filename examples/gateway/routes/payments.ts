import { Hono, type Context } from 'hono'
import * as z from 'zod/mini'
import type { DisputeEvidence, Payment, Payments } from '@white-cross/reuse/infrastructure/payments'
import type { AuthVariables } from '../authenticate.ts'
import { ProblemError } from '../problem.ts'
import { Limit, readQuery } from '../read-query.ts'
import { readRequest, serve } from '../serve.ts'

type Api = Hono<{ Variables: AuthVariables }>

const Refresh = z.strictObject({ refresh: z.optional(z.enum(['true', 'false'])) })
const Trail = z.strictObject({
  after: z.optional(z.string().check(z.regex(/^\d{1,8}$/, 'a sequence number expected'))),
  limit: z.optional(Limit),
})
const DisputeQuery = z.strictObject({
  provider: z.optional(z.string()),
  cursor: z.optional(z.string()),
  limit: z.optional(Limit),
})
const ProviderQuery = z.strictObject({ provider: z.optional(z.string()) })

/**
 * Payments by one model. Whatever changes something wants an operation id: the header
 * `idempotency-key`, or `operationId` in the body.
 */
export function paymentRoutes(payments: Payments): Api {
  const change = (act: (id: string, request: never) => Promise<Payment>) => (c: Context) =>
    serve(c, async () => c.json(shown(await act(idOf(c), asked(await readRequest(c))))))
  return new Hono<{ Variables: AuthVariables }>()
    .post('/', (c) =>
      serve(c, async () => {
        const payment = await payments.createPaymentIntent(asked(await readRequest(c)))
        return c.json(shown(payment), 201)
      }),
    )
    .post('/checkouts', (c) =>
      serve(c, async () => {
        const checkout = await payments.createCheckout(asked(await readRequest(c)))
        return c.json({ ...checkout, payment: shown(checkout.payment) }, 201)
      }),
    )
    .get('/:id', (c) =>
      serve(c, async () => {
        const refresh = readQuery(c, Refresh).refresh === 'true'
        return c.json(shown(await payments.retrievePayment(idOf(c), { refresh })))
      }),
    )
    .get('/:id/refunds', (c) =>
      serve(c, async () => c.json({ refunds: await payments.listRefunds(idOf(c)) })),
    )
    .get('/:id/audit-trail', (c) =>
      serve(c, async () => {
        const { after, limit } = readQuery(c, Trail)
        const entries = await payments.auditTrail(idOf(c), {
          ...(after !== undefined && { after: Number(after) }),
          ...(limit !== undefined && { limit }),
        })
        // Each payment has some: only who reads beyond the last, or has a wrong id, asks for this.
        if (entries.length === 0) await payments.retrievePayment(idOf(c))
        return c.json({ entries })
      }),
    )
    .post('/:id/confirm', change(payments.confirmPayment))
    .post('/:id/capture', change(payments.capturePayment))
    .post('/:id/cancel', change(payments.cancelPayment))
    .post('/:id/reconcile', (c) =>
      serve(c, async () => c.json(shown(await payments.reconcile(idOf(c))))),
    )
}

/** `POST /`: gives money of `payment` back. */
export function refundRoutes(payments: Payments): Api {
  return new Hono<{ Variables: AuthVariables }>().post('/', (c) =>
    serve(c, async () => {
      const { payment, ...request } = await readRequest(c)
      if (typeof payment !== 'string')
        throw new ProblemError(422, 'invalid_request', 'payment is not said, its id expected')
      return c.json(await payments.refundPayment(payment, asked(request)), 201)
    }),
  )
}

/** What customers pay again and again. */
export function subscriptionRoutes({ subscriptions, createPlan }: Payments): Api {
  type Change = (id: string, request: never) => Promise<{ readonly raw: unknown }>
  const change = (act: Change) => (c: Context) =>
    serve(c, async () => c.json(shown(await act(idOf(c), asked(await readRequest(c))))))
  return new Hono<{ Variables: AuthVariables }>()
    .post('/', (c) =>
      serve(c, async () =>
        c.json(shown(await subscriptions.create(asked(await readRequest(c)))), 201),
      ),
    )
    .post('/plans', (c) =>
      serve(c, async () => c.json(shown(await createPlan(asked(await readRequest(c)))), 201)),
    )
    .get('/:id', (c) =>
      serve(c, async () => {
        const refresh = readQuery(c, Refresh).refresh === 'true'
        return c.json(shown(await subscriptions.retrieve(idOf(c), { refresh })))
      }),
    )
    .patch('/:id', change(subscriptions.change))
    .post('/:id/pause', change(subscriptions.pause))
    .post('/:id/resume', change(subscriptions.resume))
    .post('/:id/cancel', change(subscriptions.cancel))
    .post('/:id/reactivate', change(subscriptions.reactivate))
}

/** What customers have disputed, by the provider's ids. */
export function disputeRoutes({ disputes }: Payments): Api {
  return new Hono<{ Variables: AuthVariables }>()
    .get('/', (c) =>
      serve(c, async () => {
        const found = await disputes.list(readQuery(c, DisputeQuery))
        return c.json({ disputes: found.disputes.map(shown), cursor: found.cursor })
      }),
    )
    .get('/:id', (c) =>
      serve(c, async () =>
        c.json(shown(await disputes.retrieve(idOf(c), readQuery(c, ProviderQuery)))),
      ),
    )
    .post('/:id/evidence', (c) =>
      serve(c, async () => {
        const { evidence, ...request } = await readRequest(c)
        const given = evidence as DisputeEvidence
        return c.json(shown(await disputes.submitEvidence(idOf(c), given, asked(request))))
      }),
    )
    .post('/:id/accept', (c) =>
      serve(c, async () =>
        c.json(shown(await disputes.accept(idOf(c), asked(await readRequest(c))))),
      ),
    )
}

/** The service checks what it is asked, member by member. */
function asked(request: unknown): never {
  return request as never
}

/** Without the provider's own object, which may hold personal data. */
function shown<Kept extends { readonly raw: unknown }>(kept: Kept): Omit<Kept, 'raw'> {
  const { raw: _raw, ...rest } = kept
  return rest
}

function idOf(c: Context): string {
  return c.req.param('id') ?? ''
}
