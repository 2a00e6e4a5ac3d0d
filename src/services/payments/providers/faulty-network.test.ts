import { expect, test } from 'vitest'
import { createPaypalStandIn } from '../../../../test/support/payments/paypal-stand-in.ts'
import { createSquareStandIn } from '../../../../test/support/payments/square-stand-in.ts'
import { createStripeStandIn } from '../../../../test/support/payments/stripe-stand-in.ts'
import type { StandIn } from '../../../../test/support/payments/vendor-stand-in.ts'
import { memory } from '../../../runtime/backends/memory/index.ts'
import type { FetchClient } from '../../../runtime/ports/platform/fetch-client.ts'
import { createFakeClock } from '../../../testing/index.ts'
import { createPayments, money } from '../index.ts'
import type { Payment } from '../intents/payment.ts'
import { PaymentError } from '../payment-error.ts'
import { paypal } from './paypal.ts'
import type { PaymentProvider } from './provider.ts'
import { square } from './square.ts'
import { stripe } from './stripe.ts'

/** What happens to one request: its answer is lost, or it is refused before anybody looks at it. */
type Fault = 'lost' | 'reset' | 429 | 500 | 503

const FAULTS: readonly Fault[] = ['lost', 'reset', 429, 500, 503]

interface Shop {
  readonly standIn: StandIn
  readonly provider: PaymentProvider
  readonly token: string | undefined
  readonly approve?: (payment: Payment) => void
}

const SHOPS: Readonly<
  Record<string, (now: () => number, via: (fetch: FetchClient) => FetchClient) => Shop>
> = {
  stripe(now, via) {
    const standIn = createStripeStandIn(now)
    const provider = stripe({ secretKey: 'sk_test_1', fetch: via(standIn.fetch) })
    return { standIn, provider, token: 'pm_card_visa' }
  },
  paypal(now, via) {
    const standIn = createPaypalStandIn(now)
    const options = { clientId: 'client', clientSecret: 'secret', fetch: via(standIn.fetch) }
    return {
      standIn,
      provider: paypal(options),
      token: undefined,
      approve: ({ reference }) => standIn.setStatus(reference ?? '', 'APPROVED'),
    }
  },
  square(now, via) {
    const standIn = createSquareStandIn(now)
    const options = { accessToken: 'a', locationId: 'L1', fetch: via(standIn.fetch) }
    return { standIn, provider: square(options), token: 'cnon:ok' }
  },
}

/** The request with this number, counted from `begin()`, meets the fault. */
function faulty(fault: Fault, number: number) {
  let left = Infinity
  let isMet = false
  return {
    begin: () => void (left = number),
    end: () => void (left = Infinity),
    /** Whether there was such a request. */
    isMet: () => isMet,
    via:
      (fetch: FetchClient): FetchClient =>
      async (url, init) => {
        if (left-- !== 0) return fetch(url, init)
        isMet = true
        if (fault === 'lost') await fetch(url, init)
        if (fault === 'lost' || fault === 'reset') throw new TypeError('connection reset')
        const body = JSON.stringify({ error: { type: 'api_error', message: 'later' } })
        return new Response(body, {
          status: fault,
          headers: { 'content-type': 'application/json' },
        })
      },
  }
}

const cases = Object.keys(SHOPS).flatMap((name) => FAULTS.map((fault) => [name, fault] as const))

test.for(cases)(
  '%s: whichever request of a sale meets %s, asked again it is done once',
  async ([name, fault]) => {
    const open = SHOPS[name]
    if (open === undefined) throw new Error(name)
    for (const step of ['create', 'confirm', 'capture', 'refund'] as const)
      for (let number = 0; ; number++) {
        const clock = createFakeClock()
        const network = faulty(fault, number)
        const shop = open(clock.now, network.via)
        const payments = createPayments({
          backend: memory({ clock }),
          providers: { [name]: shop.provider },
          clock,
        })
        const amount = money('50.00', 'EUR')
        /** Once more, by whoever got an error that says that it may work later. */
        const persist = async <Made>(at: string, act: () => Promise<Made>): Promise<Made> => {
          if (at === step) network.begin()
          try {
            return await act()
          } catch (error) {
            if (!(error instanceof PaymentError) || error.retryable !== 'later') throw error
            return await act()
          } finally {
            network.end()
          }
        }
        const made = await persist('create', () =>
          payments.createPaymentIntent({
            operationId: 'o',
            amount,
            capture: 'manual',
            returnUrl: 'https://shop.example/back',
            ...(shop.token !== undefined && { paymentMethod: shop.token, confirm: true }),
          }),
        )
        if (shop.approve !== undefined) {
          shop.approve(made)
          await persist('confirm', () => payments.confirmPayment(made.id, { operationId: 'c' }))
        }
        const part = shop.provider.capabilities.partialCapture ? money('20.00', 'EUR') : amount
        await persist('capture', () =>
          payments.capturePayment(made.id, { operationId: 'k', amount: part }),
        )
        const back = { operationId: 'r', amount: money('5.00', 'EUR') }
        await persist('refund', () => payments.refundPayment(made.id, back))
        const told = `${step}, request ${number}`
        const { amounts } = await payments.retrievePayment(made.id, { refresh: true })
        expect([amounts.captured, amounts.refunded], told).toEqual([part, back.amount])
        expect([...shop.standIn.carriedOut], told).toEqual(
          [...shop.standIn.carriedOut].map(([what]) => [
            what,
            what.startsWith('POST') && !what.includes('token') ? 1 : expect.any(Number),
          ]),
        )
        if (!network.isMet()) break
      }
  },
)

test('PayPal: what a capture has led to cannot be read: it may have been made, and is not forgotten', async () => {
  const clock = createFakeClock()
  const standIn = createPaypalStandIn(clock.now)
  const provider = paypal({ clientId: 'c', clientSecret: 's', fetch: standIn.fetch, clock })
  const payments = createPayments({ backend: memory({ clock }), providers: { provider }, clock })
  const { id, reference } = await payments.createPaymentIntent({
    operationId: 'o',
    amount: money('50.00', 'EUR'),
    capture: 'manual',
  })
  standIn.setStatus(reference ?? '', 'APPROVED')
  await payments.confirmPayment(id, { operationId: 'c' })
  const capture = { operationId: 'k', amount: money('20.00', 'EUR') }
  standIn.failNext('/v2/checkout/orders/', 429, {})
  await expect(payments.capturePayment(id, capture)).rejects.toMatchObject({
    code: 'indeterminate',
    paymentId: id,
  })
  expect((await payments.retrievePayment(id)).state).toBe('indeterminate')
  expect((await payments.capturePayment(id, capture)).amounts.captured).toEqual(capture.amount)
})
