import { expect, test } from 'vitest'
import { createPaypalStandIn } from '../../../../test/support/payments/paypal-stand-in.ts'
import { memory } from '../../../runtime/backends/memory/index.ts'
import { createPayments, money } from '../index.ts'
import { paypal } from '../providers/paypal.ts'

/** PayPal with one payment of 50 that was captured in three parts. */
async function openShop() {
  const standIn = createPaypalStandIn(Date.now)
  const provider = paypal({ clientId: 'c', clientSecret: 's', fetch: standIn.fetch })
  const payments = createPayments({ backend: memory(), providers: { paypal: provider } })
  const amount = money('50.00', 'EUR')
  const { id, reference } = await payments.createPaymentIntent({
    operationId: 'o',
    amount,
    capture: 'manual',
  })
  standIn.setStatus(reference ?? '', 'APPROVED')
  await payments.confirmPayment(id, { operationId: 'c' })
  for (const part of ['20.00', '25.00', '5.00'])
    await payments.capturePayment(id, { operationId: part, amount: money(part, 'EUR') })
  const refund = (operationId: string, part?: string) =>
    payments.refundPayment(id, {
      operationId,
      ...(part !== undefined && { amount: money(part, 'EUR') }),
    })
  return { standIn, payments, id, refund }
}

test('refundPayment() gives back any amount up to what was captured, from as many captures as it takes', async () => {
  const { standIn, payments, id, refund } = await openShop()
  expect(await refund('r1', '4.00')).toMatchObject({ state: 'succeeded' })
  standIn.loseAnswer('/refund')
  await expect(refund('r2', '45.50')).rejects.toMatchObject({ code: 'indeterminate' })
  expect((await payments.retrievePayment(id)).refundable).toEqual(money('0.50', 'EUR'))
  const done = await refund('r2', '45.50')
  expect([done.state, done.amount]).toEqual(['succeeded', money('45.50', 'EUR')])
  expect(await refund('r2', '45.50')).toEqual(done)
  await expect(refund('r3', '0.51')).rejects.toMatchObject({ code: 'refund_exceeds_capture' })
  expect((await refund('r4')).amount).toEqual(money('0.50', 'EUR'))
  const { amounts, refundable } = await payments.retrievePayment(id, { refresh: true })
  expect([amounts.refunded, refundable.minor]).toEqual([amounts.captured, 0n])
})

test('refunds at once reserve what each capture has left', async () => {
  const { payments, id, refund } = await openShop()
  const results = await Promise.allSettled(
    Array.from({ length: 30 }, (_, index) => refund(`r${index}`, '3.50')),
  )
  const codes = results.map((result) => (result.status === 'rejected' ? result.reason.code : 'ok'))
  expect(codes.filter((code) => code === 'ok').length).toBe(14)
  expect(new Set(codes)).toEqual(new Set(['ok', 'refund_exceeds_capture']))
  const { refundable } = await payments.retrievePayment(id, { refresh: true })
  expect(refundable).toEqual(money('1.00', 'EUR'))
})

test('of a refund whose second part nobody looked at, the rest is given by asking again', async () => {
  const { standIn, refund } = await openShop()
  standIn.failNext('/refund', 429, {})
  await expect(refund('r', '45.00')).rejects.toMatchObject({ code: 'rate_limited' })
  expect(standIn.requests.filter(({ path }) => path.endsWith('/refund')).length).toBe(2)
  expect(await refund('r', '45.00')).toMatchObject({
    state: 'succeeded',
    amount: money('45.00', 'EUR'),
  })
})
