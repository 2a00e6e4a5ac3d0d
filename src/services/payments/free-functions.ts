import type { Json } from '../../runtime/ports/json.ts'
import { configuredPayments } from './configure-payments.ts'
import type { HandleWebhookOptions } from './incoming/handle-webhook.ts'
import type { PaymentEvent } from './incoming/payment-event.ts'
import type { ProcessPaymentOptions } from './incoming/process-payment.ts'
import type { PaymentRequest } from './intents/create-payment.ts'
import type { Payment } from './intents/payment.ts'
import type { RefundRequest } from './refunds/refund-payment.ts'
import type { Refund } from './refunds/refund.ts'
import type { Subscription } from './subscriptions/subscription.ts'
import type { NewSubscription } from './subscriptions/subscriptions.ts'

/**
 * Creates a payment with the configured payments service, once for each operation id.
 *
 * @throws PaymentError; NotConfiguredError before `configureInfrastructure()`
 * @example
 * const payment = await createPaymentIntent({
 *   operationId: 'order-42',
 *   amount: money('49.90', 'EUR'),
 * })
 */
export async function createPaymentIntent(request: PaymentRequest): Promise<Payment> {
  return configuredPayments('create payment').createPaymentIntent(request)
}

/**
 * Makes a payment of a request, or takes in the event of a webhook that was verified before: its
 * handler runs once, however often the event and others that mean the same arrive.
 *
 * @throws PaymentError; NotConfiguredError before `configureInfrastructure()`
 * @example
 * const isValid = await verifyWebhook(body, headers['stripe-signature'], secret)
 * if (isValid) await processPayment(JSON.parse(body))
 */
export async function processPayment(
  input: PaymentRequest | Json,
  options?: ProcessPaymentOptions,
): Promise<Payment | PaymentEvent> {
  return configuredPayments('process payment').processPayment(input, options)
}

/**
 * Subscribes a customer to a plan, once for each operation id.
 *
 * @throws PaymentError; NotConfiguredError before `configureInfrastructure()`
 * @example
 * await createSubscription({ operationId: 'sub-7', plan: 'price_gold', customer: 'cus_7' })
 */
export async function createSubscription(request: NewSubscription): Promise<Subscription> {
  return configuredPayments('create subscription').subscriptions.create(request)
}

/**
 * Gives money back; all that is left unless `amount` says less.
 *
 * @throws PaymentError `refund_exceeds_capture` among others; NotConfiguredError before
 *   `configureInfrastructure()`
 * @example
 * await refundPayment(payment.id, { operationId: 'order-42-r1', amount: money('10.00', 'EUR') })
 */
export async function refundPayment(paymentId: string, request: RefundRequest): Promise<Refund> {
  return configuredPayments('refund payment').refundPayment(paymentId, request)
}

/**
 * Answers a provider's webhook: verified over its raw bytes, taken in once, handled once.
 *
 * @throws PaymentError `configuration` when there is no webhook secret; what a handler throws
 * @example
 * return handleWebhook(request, { provider: 'stripe', on: { 'payment.succeeded': fulfil } })
 */
export async function handleWebhook(
  request: Request,
  options?: HandleWebhookOptions,
): Promise<Response> {
  return configuredPayments('handle webhook').handleWebhook(request, options)
}
