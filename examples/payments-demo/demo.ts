import {
  createPayments,
  money,
  PaymentError,
  type PaymentEvent,
} from '@white-cross/reuse/infrastructure/payments'
import { sandbox, SANDBOX_METHODS } from '@white-cross/reuse/infrastructure/payments/sandbox'
import { sqlite } from '@white-cross/reuse/infrastructure/runtime/sqlite'
import { generateWebhookSecret, signWebhook } from '@white-cross/reuse/infrastructure/webhooks'
import { readProviderWebhook } from '@white-cross/reuse/infrastructure/webhooks/providers'

const webhookSecret = generateWebhookSecret()
const provider = sandbox({ webhookSecret })
const shipped: string[] = []
const payments = createPayments({
  backend: sqlite(':memory:'),
  providers: { sandbox: provider },
  readWebhook: readProviderWebhook,
  on: { 'payment.succeeded': ({ payment }: PaymentEvent) => void shipped.push(payment?.id ?? '') },
})
const amount = money('50.00', 'EUR')
let failures = 0

step('A payment with 3-D Secure')
const asked = await payments.createPaymentIntent({
  operationId: 'order-1',
  amount,
  paymentMethod: SANDBOX_METHODS.threeDSecure,
  confirm: true,
})
say(`${asked.state}: the customer is sent to ${urlOf(asked.nextAction)}`)
const paid = await payments.confirmPayment(asked.id, { operationId: 'order-1-back' })
say(`${paid.state}: ${paid.amounts.captured.toJSON().amount} ${paid.amount.currency} captured`)
expect(paid.state === 'succeeded' && shipped.length === 1, 'it is shipped once')

step('An answer that gets lost')
const lost = {
  operationId: 'order-2',
  amount,
  paymentMethod: SANDBOX_METHODS.lostAnswer,
  confirm: true,
}
const id = await payments.createPaymentIntent(lost).then(
  () => '',
  (error: unknown) => (error instanceof PaymentError ? (error.paymentId ?? '') : ''),
)
say(`${(await payments.retrievePayment(id)).state}: charged or not, nobody knows`)
const found = await payments.reconcile(id)
say(`${found.state}, after reconcile() asked the provider`)
expect(provider.carriedOut.create === 2 && shipped.length === 2, 'it was charged once')

step('A webhook that comes twice, signed, and once forged')
const slow = await payments.createPaymentIntent({
  operationId: 'order-3',
  amount,
  paymentMethod: SANDBOX_METHODS.processing,
  confirm: true,
})
say(`${slow.state}: the bank takes its time`)
const body = JSON.stringify(provider.settle(slow.reference ?? '', 'succeeded'))
const signed = await signWebhook(body, webhookSecret)
for (let copy = 1; copy <= 2; copy++)
  say(`copy ${copy} of the webhook: ${(await deliver(body, signed)).status}`)
say(`a forged one: ${(await deliver(body.replace('50.00', '1.00'), signed)).status}`)
expect(shipped.length === 3, 'it is shipped once')

step('Twenty refunds of 7.00 at the same time, of a payment of 50.00')
const refunds = await Promise.allSettled(
  Array.from({ length: 20 }, (_, index) =>
    payments.refundPayment(paid.id, {
      operationId: `refund-${index}`,
      amount: money('7.00', 'EUR'),
    }),
  ),
)
const given = refunds.filter(({ status }) => status === 'fulfilled').length
const { amounts, refundable } = await payments.retrievePayment(paid.id)
say(`${given} were given, ${20 - given} refused as refund_exceeds_capture`)
say(`${amounts.refunded.toJSON().amount} given back, ${refundable.toJSON().amount} left`)
expect(given === 7, 'never more than was captured')

step('What happened, as the audit trail has it')
for (const { sequence, action, from, to } of await payments.auditTrail(asked.id, { limit: 5 }))
  say(`${sequence}. ${action}: ${from ?? 'nothing'} → ${to}`)

console.log(failures === 0 ? '\nAll of it as promised' : `\n${failures} promises broken`)
process.exitCode = failures === 0 ? 0 : 1

function deliver(text: string, headers: Readonly<Record<string, string>>): Promise<Response> {
  const request = new Request('https://shop.example/hooks', {
    method: 'POST',
    body: text,
    headers: { ...headers, 'content-type': 'application/json' },
  })
  return payments.handleWebhook(request)
}

function urlOf(action: { readonly type: string; readonly url?: string } | null): string {
  return action?.url ?? 'nowhere'
}

function step(title: string): void {
  console.log(`\n${title}`)
}

function say(line: string): void {
  console.log(`  ${line}`)
}

function expect(holds: boolean, promise: string): void {
  if (!holds) failures++
  say(`${holds ? '✓' : '✗'} ${promise}`)
}
