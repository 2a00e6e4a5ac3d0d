import { expect, test } from 'vitest'
import { idOfFailed } from '../../../../test/conformance/services/payments/fixture.ts'
import { createSquareStandIn } from '../../../../test/support/payments/square-stand-in.ts'
import { createStripeStandIn } from '../../../../test/support/payments/stripe-stand-in.ts'
import { memory } from '../../../runtime/backends/memory/index.ts'
import type { FetchClient } from '../../../runtime/ports/platform/fetch-client.ts'
import { createFakeClock } from '../../../testing/index.ts'
import { createPayments, money } from '../index.ts'
import { square } from '../providers/square.ts'
import { stripe } from '../providers/stripe.ts'

const HOUR_MS = 3_600_000
const MADE = 'POST /v1/payment_intents'
const request = {
  operationId: 'o',
  amount: money('50.00', 'EUR'),
  paymentMethod: 'pm_card_visa',
  confirm: true,
}

function openShop(via: (fetch: FetchClient) => FetchClient = (fetch) => fetch) {
  const clock = createFakeClock()
  const standIn = createStripeStandIn(clock.now)
  const payments = createPayments({
    backend: memory({ clock }),
    providers: { stripe: stripe({ secretKey: 'sk_test_1', fetch: via(standIn.fetch) }) },
    clock,
  })
  return { clock, standIn, payments }
}

test.for(['by asking', 'by reconcile()'])(
  'what a call of hours later has made is found %s, and not paid again once its key is forgotten',
  async (how) => {
    let isReachable = false
    const { clock, standIn, payments } = openShop((fetch) => async (url, init) => {
      if (isReachable || init?.method !== 'POST') return fetch(url, init)
      throw new TypeError('connection reset')
    })
    const ask = (): Promise<unknown> => payments.createPaymentIntent(request)
    await expect(ask()).rejects.toMatchObject({ code: 'indeterminate' })
    await clock.advance(5 * HOUR_MS)
    isReachable = true
    standIn.loseAnswer('/v1/payment_intents')
    const paymentId = await idOfFailed(ask)
    await clock.advance(120_000)
    if (how === 'by reconcile()') await payments.reconcile(paymentId)
    await clock.advance(20 * HOUR_MS)
    standIn.forgetKeys()
    await ask()
    expect((await payments.retrievePayment(paymentId)).state).toBe('succeeded')
    expect(standIn.carriedOut.get(MADE)).toBe(1)
  },
)

test.for([
  ['half of it', new Response('{"id":"pi_1","obj', { status: 200 })],
  ['a page of somebody between', new Response('<html>denied</html>', { status: 403 })],
  ['the end of a proxy’s patience', Response.json({ error: { type: 'x' } }, { status: 408 })],
] as const)('Stripe: %s for an answer does not say that nothing happened', async ([, odd]) => {
  let isMet = false
  const { standIn, payments } = openShop((fetch) => async (url, init) => {
    const answer = await fetch(url, init)
    if (isMet) return answer
    isMet = true
    return odd.clone()
  })
  await expect(payments.createPaymentIntent(request)).rejects.toMatchObject({
    code: 'indeterminate',
  })
  expect((await payments.createPaymentIntent(request)).state).toBe('succeeded')
  expect(standIn.carriedOut.get(MADE)).toBe(1)
})

test('Square: a proxy that lost its patience does not say that nothing happened', async () => {
  const standIn = createSquareStandIn(Date.now)
  let isMet = false
  const provider = square({
    accessToken: 'a',
    locationId: 'L1',
    async fetch(url, init) {
      const answer = await standIn.fetch(url, init)
      if (isMet) return answer
      isMet = true
      return new Response('{}', { status: 408 })
    },
  })
  const payments = createPayments({ backend: memory(), providers: { provider } })
  const pay = { ...request, paymentMethod: 'cnon:ok' }
  await expect(payments.createPaymentIntent(pay)).rejects.toMatchObject({ code: 'indeterminate' })
  expect((await payments.createPaymentIntent(pay)).state).toBe('succeeded')
  expect(standIn.carriedOut.get('POST /v2/payments')).toBe(1)
})

test('a corrected request goes out under another key than the refused one', async () => {
  const { standIn, payments } = openShop()
  const refused = {
    error: { type: 'invalid_request_error', message: 'x', code: 'amount_too_small' },
  }
  standIn.failNext('/v1/payment_intents', 400, refused)
  const small = { ...request, amount: money('0.10', 'EUR') }
  await expect(payments.createPaymentIntent(small)).rejects.toMatchObject({
    code: 'invalid_request',
  })
  await payments.createPaymentIntent(request)
  const keys = standIn.requests.map(({ headers }) => headers.get('idempotency-key'))
  expect(new Set(keys).size).toBe(2)
})

test('of two refunds without an answer, one of them made, Stripe tells which after it has forgotten keys', async () => {
  const { clock, standIn, payments } = openShop()
  const { id } = await payments.createPaymentIntent(request)
  const refund = (operationId: string): Promise<unknown> =>
    payments.refundPayment(id, { operationId, amount: money('10.00', 'EUR') })
  standIn.loseAnswer('/v1/refunds')
  await expect(refund('a')).rejects.toMatchObject({ code: 'indeterminate' })
  standIn.failNext('/v1/refunds', 500, { error: { type: 'api_error', message: 'x' } })
  await expect(refund('b')).rejects.toMatchObject({ code: 'indeterminate' })
  await clock.advance(30 * HOUR_MS)
  standIn.forgetKeys()
  await payments.reconcile(id)
  const states = (await payments.listRefunds(id)).map(({ state }) => state)
  expect(states).toEqual(['succeeded', 'failed'])
  expect((await payments.retrievePayment(id)).refundable).toEqual(money('40.00', 'EUR'))
})
