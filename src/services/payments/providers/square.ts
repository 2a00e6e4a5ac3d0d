import { checkOptions } from '../../../primitives/check-options.ts'
import { checkInteger } from '../../../primitives/check-range.ts'
import { lateMethods } from '../../../primitives/late-methods.ts'
import { systemClock, type Clock } from '../../../runtime/ports/platform/clock.ts'
import { systemFetch, type FetchClient } from '../../../runtime/ports/platform/fetch-client.ts'
import { PaymentError } from '../payment-error.ts'
import { apiPath, at, listAt, textAt } from './provider-http.ts'
import type { CallTimes, ProviderCall, ProviderPayment } from './provider-payment.ts'
import type { PaymentProvider } from './provider.ts'
import { paymentFromSquare, refundFromSquare, squareMoney } from './square/square-payment.ts'
import { createSquareCaller } from './square/square-caller.ts'
import type {
  CustomerCalls,
  DisputeCalls,
  InvoiceCalls,
  MethodCalls,
  PausableSubscriptionCalls,
} from './provider-billing.ts'

export { InfrastructureError } from '../../../runtime/ports/infrastructure-error.ts'
export { PaymentError, type PaymentErrorCode } from '../payment-error.ts'

/** Options of {@link square}. */
export interface SquareOptions {
  readonly accessToken: string
  /** The location that sells. */
  readonly locationId: string
  /** Default `sandbox`: real money only where it was asked for. */
  readonly environment?: 'live' | 'sandbox'
  /** The webhook's signature key, with the notification URL exactly as in Square's dashboard. */
  readonly webhook?: { readonly signatureKey: string | readonly string[]; readonly url: string }
  /** Of Square's API. Default `2025-07-16`. */
  readonly apiVersion?: string
  /** Default: the platform's. */
  readonly fetch?: FetchClient
  /** Default: the platform's. */
  readonly clock?: Clock
  /** ms until a call counts as unanswered. Default 60,000. */
  readonly timeoutMs?: number
  /** Where Square's API is: for tests. */
  readonly baseUrl?: string
}

const DAY_MS = 86_400_000
const OPTIONS = [
  'environment',
  'webhook',
  'apiVersion',
  'fetch',
  'clock',
  'timeoutMs',
  'baseUrl',
] as const
/** Pages of payments looked through for one whose answer was lost: 1,000 payments. */
const PAGES = 10

/**
 * Payments, cards, customers, subscriptions, invoices and disputes at Square.
 *
 * Square has no payment without a source: `createPaymentIntent()` wants a `paymentMethod`, the
 * nonce that the browser made, and `confirm: true`.
 *
 * @throws TypeError or RangeError when an option is missing, not known or out of range
 * @example
 * square({ accessToken: env.SQUARE_TOKEN, locationId: 'L88917AVBK2S5', environment: 'live' })
 */
export function square(options: SquareOptions): PaymentProvider {
  checkOptions('use Square', options, ['accessToken', 'locationId'], OPTIONS)
  const { accessToken, locationId, environment = 'sandbox', webhook } = options
  if (!accessToken || !locationId)
    throw new TypeError('Cannot use Square: accessToken or locationId is missing')
  if (environment !== 'live' && environment !== 'sandbox')
    throw new TypeError('Cannot use Square: environment is neither "live" nor "sandbox"')
  const secrets = [webhook?.signatureKey ?? []].flat()
  if (secrets.some((secret) => secret === '') || webhook?.url === '')
    throw new TypeError('Cannot use Square: the webhook’s signatureKey or url is empty')
  const host = environment === 'live' ? 'connect.squareup.com' : 'connect.squareupsandbox.com'
  const { fetch = systemFetch, clock = systemClock, timeoutMs = 60_000 } = options
  const { baseUrl = `https://${host}` } = options
  checkInteger('use Square', 'timeoutMs', timeoutMs, 1, 3_600_000)
  const live = environment === 'live'

  const caller = createSquareCaller(
    { provider: 'square', baseUrl, fetch, clock, timeoutMs },
    options,
  )
  const { call, keyOf } = caller

  return {
    name: 'square',
    live,
    capabilities: {
      manualCapture: true,
      partialCapture: false,
      multipleCaptures: false,
      threeDSecure: false,
      checkout: true,
      setupIntents: false,
      customers: true,
      paymentMethods: true,
      subscriptions: true,
      pauseSubscriptions: true,
      invoices: true,
      disputes: true,
      // Square does not say when it forgets keys; a day is what it surely keeps.
      idempotencyMs: DAY_MS,
    },
    ...(webhook !== undefined && {
      webhooks: { scheme: 'square', secrets, url: webhook.url } as const,
    }),
    checkAmount: (amount) => void squareMoney(amount),
    async createPayment(request, how) {
      const { paymentMethod, amount, customer, description } = request
      if (paymentMethod === undefined || !request.confirm)
        throw new PaymentError(
          'invalid_request',
          'Cannot create payment at square: it pays at once, paymentMethod and confirm: true expected',
          { provider: 'square' },
        )
      const body = await call(
        {
          action: 'create payment',
          method: 'POST',
          path: '/v2/payments',
          body: {
            ...keyOf(how),
            source_id: paymentMethod,
            amount_money: squareMoney(amount),
            autocomplete: request.capture === 'automatic',
            location_id: locationId,
            reference_id: request.paymentId,
            ...(customer !== undefined && { customer_id: customer }),
            ...(description !== undefined && { note: description }),
            ...(request.statementDescriptor !== undefined && {
              statement_description_identifier: request.statementDescriptor.slice(0, 20),
            }),
            ...(request.receiptEmail !== undefined && {
              buyer_email_address: request.receiptEmail,
            }),
            customer_details: {
              customer_initiated: !request.offSession,
              seller_keyed_in: false,
            },
          },
        },
        how,
      )
      return paymentFromSquare(at(body, 'payment') ?? null)
    },
    retrievePayment: ({ reference }, how) => readPayment(reference, how),
    async findPayment({ paymentId }, called, how) {
      const found = await lookFor(paymentId, called, how)
      if (found !== null) return found
      const { idempotencyKey } = how
      if (idempotencyKey === undefined) return null
      // Should it be on its way still: undone, so that whoever tries again is not charged twice.
      await call(
        {
          action: 'cancel payment',
          method: 'POST',
          path: '/v2/payments/cancel',
          body: { idempotency_key: idempotencyKey },
        },
        how,
      )
      return lookFor(paymentId, called, how)
    },
    async confirmPayment() {
      throw new PaymentError(
        'unsupported',
        'Cannot confirm payment at square: it was paid at once, or is another attempt with another token',
        { provider: 'square' },
      )
    },
    async capturePayment({ reference, handles }, _, how) {
      const { version } = handles
      const body = await call(
        {
          action: 'capture payment',
          method: 'POST',
          path: apiPath`/v2/payments/${reference}/complete`,
          body: version === undefined ? {} : { version_token: version },
        },
        how,
      )
      return paymentFromSquare(at(body, 'payment') ?? null)
    },
    async cancelPayment({ reference }, how) {
      const body = await call(
        {
          action: 'cancel payment',
          method: 'POST',
          path: apiPath`/v2/payments/${reference}/cancel`,
        },
        how,
      )
      return paymentFromSquare(at(body, 'payment') ?? null)
    },
    async refundPayment({ reference }, { amount, reason }, how) {
      const body = await call(
        {
          action: 'refund payment',
          method: 'POST',
          path: '/v2/refunds',
          body: {
            idempotency_key: how.idempotencyKey ?? '',
            payment_id: reference,
            amount_money: squareMoney(amount),
            reason: reason.replaceAll('_', ' '),
          },
        },
        how,
      )
      return refundFromSquare(at(body, 'refund') ?? null)
    },
    async retrieveRefund(reference, how) {
      const body = await call(
        { action: 'retrieve refund', method: 'GET', path: apiPath`/v2/refunds/${reference}` },
        how,
      )
      return refundFromSquare(at(body, 'refund') ?? null)
    },
    async readEvent(event) {
      const { eventFromSquare } = await import('./square/square-event.ts')
      return eventFromSquare(event, live)
    },
    customers: lateMethods<CustomerCalls>(
      { create: true, retrieve: true, update: true },
      async () => (await import('./square/square-customers.ts')).squareCustomers(caller),
    ),
    methods: lateMethods<MethodCalls>({ attach: true, list: true, detach: true }, async () =>
      (await import('./square/square-customers.ts')).squareMethods(caller),
    ),
    async createCheckout(request, how) {
      if (request.capture === 'manual')
        throw new PaymentError(
          'unsupported',
          'Cannot create checkout at square: its pages take the money at once',
          { provider: 'square' },
        )
      const body = await call(
        {
          action: 'create checkout',
          method: 'POST',
          path: '/v2/online-checkout/payment-links',
          body: {
            ...keyOf(how),
            quick_pay: {
              name: request.name,
              price_money: squareMoney(request.amount),
              location_id: locationId,
            },
            checkout_options: { redirect_url: request.returnUrl },
            payment_note: request.paymentId,
          },
        },
        how,
      )
      const link = at(body, 'payment_link') ?? null
      return {
        // Square's payments name the order, not the link.
        reference: textAt(link, 'order_id') ?? textAt(link, 'id') ?? '',
        url: textAt(link, 'url') ?? '',
        expiresAt: null,
        paymentReference: null,
        raw: link,
      }
    },
    async findCheckout(reference, how) {
      const order = await call(
        { action: 'find payment', method: 'GET', path: apiPath`/v2/orders/${reference}` },
        how,
      )
      const paid = textAt(order, 'order', 'tenders', 0, 'payment_id')
      if (paid === undefined) return null
      return readPayment(paid, how)
    },
    subscriptions: lateMethods<PausableSubscriptionCalls>(
      {
        createPlan: true,
        create: true,
        find: true,
        retrieve: true,
        change: true,
        pause: true,
        resume: true,
        cancel: true,
      },
      async () => (await import('./square/square-subscriptions.ts')).squareSubscriptions(caller),
    ),
    invoices: lateMethods<Required<Omit<InvoiceCalls, 'pay'>>>(
      { create: true, retrieve: true, finalize: true, void: true },
      async () => (await import('./square/square-invoices.ts')).squareInvoices(caller),
    ),
    disputes: lateMethods<DisputeCalls>(
      { list: true, retrieve: true, submitEvidence: true, accept: true },
      async () => (await import('./square/square-disputes.ts')).squareDisputes(caller),
    ),
  }

  async function readPayment(reference: string, how: ProviderCall): Promise<ProviderPayment> {
    const body = await call(
      { action: 'retrieve payment', method: 'GET', path: apiPath`/v2/payments/${reference}` },
      how,
    )
    return paymentFromSquare(at(body, 'payment') ?? null)
  }

  /** Looks through the payments of that time for the one that carries our id. */
  async function lookFor(
    paymentId: string,
    { first, last }: CallTimes,
    how: ProviderCall,
  ): Promise<ProviderPayment | null> {
    const query = new URLSearchParams({
      begin_time: new Date(first - 300_000).toISOString(),
      end_time: new Date(last + 1_800_000).toISOString(),
      location_id: locationId,
      limit: '100',
    })
    for (let page = 0; page < PAGES; page++) {
      const body = await call(
        { action: 'find payment', method: 'GET', path: `/v2/payments?${query}` },
        { signal: how.signal },
      )
      // Declined attempts have the same reference, and are no payments.
      const found = listAt(body, 'payments').find(
        (payment) =>
          textAt(payment, 'reference_id') === paymentId && textAt(payment, 'status') !== 'FAILED',
      )
      if (found !== undefined) return paymentFromSquare(found)
      const cursor = textAt(body, 'cursor')
      if (cursor === undefined) return null
      query.set('cursor', cursor)
    }
    throw new PaymentError(
      'indeterminate',
      'Cannot find payment at square: over 1,000 were made at that time, call again under the same operation id',
      { provider: 'square' },
    )
  }
}
