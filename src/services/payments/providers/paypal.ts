import { checkOptions } from '../../../primitives/check-options.ts'
import { checkInteger } from '../../../primitives/check-range.ts'
import { lateMethods } from '../../../primitives/late-methods.ts'
import type { StorePartition } from '../../../runtime/ports/atomic-store/atomic-store.ts'
import type { Json } from '../../../runtime/ports/json.ts'
import { systemClock, type Clock } from '../../../runtime/ports/platform/clock.ts'
import { systemFetch, type FetchClient } from '../../../runtime/ports/platform/fetch-client.ts'
import { minorMoney, type Money } from '../money/money.ts'
import { PaymentError } from '../payment-error.ts'
import { createPaypalApi, keyed, type PaypalApi } from './paypal/paypal-api.ts'
import { moneyFromPaypal, paypalAmount } from './paypal/paypal-money.ts'
import { liabilityOf, paymentFromPaypal, refundFromPaypal } from './paypal/paypal-payment.ts'
import { apiPath, at, listAt, readChanged, textAt } from './provider-http.ts'
import type {
  PaymentHandle,
  ProviderCall,
  ProviderPayment,
  ProviderPaymentRequest,
} from './provider-payment.ts'
import type { PaymentProvider } from './provider.ts'
import type { DisputeCalls, PausableSubscriptionCalls, ProviderSetup } from './provider-billing.ts'

export { InfrastructureError } from '../../../runtime/ports/infrastructure-error.ts'
export { PaymentError, type PaymentErrorCode } from '../payment-error.ts'

/** Options of {@link paypal}. */
export interface PaypalOptions {
  readonly clientId: string
  readonly clientSecret: string
  /** Default `sandbox`: real money only where it was asked for. */
  readonly environment?: 'live' | 'sandbox'
  /** The webhook's id, from PayPal's dashboard. Without it webhooks are refused. */
  readonly webhookId?: string
  /** Shares the access token between isolates: `backend.store.partition('paypal')`. */
  readonly tokens?: Pick<StorePartition, 'get' | 'commit'>
  /** What the payer sees as the shop's name. */
  readonly brandName?: string
  /** Default: the platform's. */
  readonly fetch?: FetchClient
  /** Default: the platform's. */
  readonly clock?: Clock
  /** ms until a call counts as unanswered. Default 60,000. */
  readonly timeoutMs?: number
  /** Where PayPal's API is: for tests. */
  readonly baseUrl?: string
}

const HOUR_MS = 3_600_000
const OPTIONS = [
  'environment',
  'webhookId',
  'tokens',
  'brandName',
  'fetch',
  'clock',
  'timeoutMs',
  'baseUrl',
] as const

/**
 * Payments by PayPal's Orders v2 and Payments v2, subscriptions by Billing v1, disputes by Disputes
 * v1.
 *
 * The payer approves at PayPal (`nextAction`), then `confirmPayment()` captures or authorizes.
 *
 * @throws TypeError or RangeError when an option is missing, not known or out of range
 * @example
 * paypal({ clientId: env.PAYPAL_ID, clientSecret: env.PAYPAL_SECRET, environment: 'live' })
 */
export function paypal(options: PaypalOptions): PaymentProvider {
  checkOptions('use PayPal', options, ['clientId', 'clientSecret'], OPTIONS)
  const { clientId, clientSecret, environment = 'sandbox', webhookId, tokens } = options
  if (!clientId || !clientSecret)
    throw new TypeError('Cannot use PayPal: clientId or clientSecret is missing')
  if (environment !== 'live' && environment !== 'sandbox')
    throw new TypeError('Cannot use PayPal: environment is neither "live" nor "sandbox"')
  const host = environment === 'live' ? 'api-m.paypal.com' : 'api-m.sandbox.paypal.com'
  const { fetch = systemFetch, clock = systemClock, timeoutMs = 60_000 } = options
  const { baseUrl = `https://${host}` } = options
  checkInteger('use PayPal', 'timeoutMs', timeoutMs, 1, HOUR_MS)
  const api = createPaypalApi(
    { provider: 'paypal', baseUrl, fetch, clock, timeoutMs },
    { clientId, clientSecret, tokens },
  )
  const live = environment === 'live'
  const readOrder = async (id: string, how: ProviderCall): Promise<Json> =>
    api.call(
      { action: 'retrieve payment', method: 'GET', path: apiPath`/v2/checkout/orders/${id}` },
      { signal: how.signal },
    )

  return {
    name: 'paypal',
    live,
    capabilities: {
      manualCapture: true,
      partialCapture: true,
      multipleCaptures: true,
      threeDSecure: false,
      checkout: true,
      setupIntents: true,
      customers: false,
      paymentMethods: false,
      subscriptions: true,
      pauseSubscriptions: true,
      invoices: false,
      disputes: true,
      // Orders remember a key for 6 hours; a call repeated later must not meet the very end of
      // them.
      idempotencyMs: 5.5 * HOUR_MS,
    },
    ...(webhookId !== undefined && {
      webhooks: { scheme: 'paypal', webhookId, environment } as const,
    }),
    checkAmount: (amount) => void paypalAmount(amount),
    async createPayment(request, how) {
      const order = await api.call(
        {
          action: 'create payment',
          method: 'POST',
          path: '/v2/checkout/orders',
          body: orderOf(request, options.brandName),
        },
        how,
      )
      const payment = paymentFromPaypal(order)
      if (!request.confirm || payment.state !== 'requires_confirmation') return payment
      return complete(api, order, how)
    },
    retrievePayment: async ({ reference }, how) =>
      paymentFromPaypal(await readOrder(reference, how)),
    async findPayment(request, { first }, how) {
      const { idempotencyKey } = how
      const isRemembered = clock.now() - first < 5.5 * HOUR_MS
      // Under its key the same order is answered again. One that pays at once is not asked for so.
      if (idempotencyKey !== undefined && isRemembered && request.paymentMethod === undefined)
        return this.createPayment(request, how)
      if (request.paymentMethod === undefined) return null
      throw new PaymentError(
        'indeterminate',
        'Cannot find payment at paypal: PayPal finds payments by their own ids alone, call again under the same operation id within 5 hours or look into its dashboard',
        { provider: 'paypal' },
      )
    },
    async confirmPayment({ reference }, _, how) {
      return complete(api, await readOrder(reference, how), how)
    },
    async capturePayment(handle, amount, how) {
      const authorization = required(handle, 'authorization')
      const captured = await api.call(
        {
          action: 'capture payment',
          method: 'POST',
          path: apiPath`/v2/payments/authorizations/${authorization}/capture`,
          body: {
            ...(amount !== null && { amount: paypalAmount(amount) }),
            final_capture: amount === null || isRest(handle, amount),
          },
        },
        how,
      )
      // The answer is the capture alone; the order shows it with all others.
      const order = await readChanged('paypal', readOrder(handle.reference, how))
      return withCapture(paymentFromPaypal(order), captured)
    },
    async cancelPayment(handle, how) {
      const { authorization } = handle.handles
      if (authorization === undefined)
        throw new PaymentError(
          'unsupported',
          'Cannot cancel payment at paypal: an order that nobody has approved ends by itself',
          { provider: 'paypal' },
        )
      await api.call(
        {
          action: 'cancel payment',
          method: 'POST',
          path: apiPath`/v2/payments/authorizations/${authorization}/void`,
        },
        how,
      )
      return paymentFromPaypal(await readChanged('paypal', readOrder(handle.reference, how)))
    },
    async refundPayment(handle, { refundId, amount, reason, capture }, how) {
      return refundFromPaypal(
        await api.call(
          {
            action: 'refund payment',
            method: 'POST',
            path: apiPath`/v2/payments/captures/${capture ?? required(handle, 'capture')}/refund`,
            body: {
              amount: paypalAmount(amount),
              custom_id: refundId,
              ...(reason !== 'other' && { note_to_payer: reason.replaceAll('_', ' ') }),
            },
          },
          how,
        ),
      )
    },
    async findRefund({ reference }, refundId, how) {
      const order = await readOrder(reference, how)
      const refunds = listAt(order, 'purchase_units', 0, 'payments', 'refunds')
      const found = refunds.find((refund) => textAt(refund, 'custom_id') === refundId)
      return found === undefined ? null : refundFromPaypal(found)
    },
    retrieveRefund: async (reference, how) =>
      refundFromPaypal(
        await api.call(
          {
            action: 'retrieve refund',
            method: 'GET',
            path: apiPath`/v2/payments/refunds/${reference}`,
          },
          { signal: how.signal },
        ),
      ),
    async readEvent(event) {
      const { eventFromPaypal } = await import('./paypal/paypal-event.ts')
      return eventFromPaypal(event, live)
    },
    async createSetup({ paymentMethod, returnUrl }, how) {
      if (paymentMethod !== undefined) return saveApproved(api, paymentMethod, how)
      const made = await api.call(
        {
          action: 'create setup intent',
          method: 'POST',
          path: '/v3/vault/setup-tokens',
          body: {
            payment_source: {
              paypal: {
                usage_type: 'MERCHANT',
                experience_context: { return_url: returnUrl ?? '', cancel_url: returnUrl ?? '' },
              },
            },
          },
        },
        how,
      )
      const url = textAt(
        listAt(made, 'links').find((link) => textAt(link, 'rel') === 'approve'),
        'href',
      )
      return {
        reference: textAt(made, 'id') ?? '',
        state: 'requires_action',
        nextAction: url === undefined ? null : { type: 'redirect', url },
        // Nothing can be paid with it until the payer has approved.
        paymentMethod: null,
        raw: made,
      }
    },
    async createCheckout(request, how) {
      const payment = await this.createPayment(
        {
          ...request,
          description: request.name,
          confirm: false,
          offSession: false,
          saveMethod: false,
          threeDSecure: 'automatic',
        },
        how,
      )
      return {
        reference: payment.reference,
        url: payment.nextAction?.type === 'redirect' ? payment.nextAction.url : '',
        expiresAt: null,
        paymentReference: payment.reference,
        raw: payment.raw,
      }
    },
    subscriptions: lateMethods<PausableSubscriptionCalls>(
      {
        createPlan: true,
        create: true,
        retrieve: true,
        change: true,
        pause: true,
        resume: true,
        cancel: true,
      },
      async () => {
        const { paypalSubscriptions } = await import('./paypal/paypal-subscriptions.ts')
        return paypalSubscriptions(api, options.brandName)
      },
    ),
    disputes: lateMethods<DisputeCalls>(
      { list: true, retrieve: true, submitEvidence: true, accept: true },
      async () => (await import('./paypal/paypal-disputes.ts')).paypalDisputes(api),
    ),
  }
}

/** What the payer has approved becomes a token to pay with, for good. */
async function saveApproved(
  api: PaypalApi,
  setupToken: string,
  how: ProviderCall,
): Promise<ProviderSetup> {
  const made = await api.call(
    {
      action: 'create setup intent',
      method: 'POST',
      path: '/v3/vault/payment-tokens',
      body: { payment_source: { token: { id: setupToken, type: 'SETUP_TOKEN' } } },
    },
    how,
  )
  const id = textAt(made, 'id')
  return {
    reference: setupToken,
    state: id === undefined ? 'processing' : 'succeeded',
    nextAction: null,
    paymentMethod: id ?? null,
    raw: made,
  }
}

/** Takes the money of an approved order, or holds it, as it was created for. */
async function complete(api: PaypalApi, order: Json, how: ProviderCall): Promise<ProviderPayment> {
  if (liabilityOf(order) === 'not_shifted')
    throw new PaymentError(
      'authentication_required',
      'Cannot confirm payment at paypal: the payer has not proven who they are',
      { provider: 'paypal' },
    )
  const id = textAt(order, 'id') ?? ''
  const verb = textAt(order, 'intent') === 'AUTHORIZE' ? 'authorize' : 'capture'
  return paymentFromPaypal(
    await api.call(
      {
        action: 'confirm payment',
        method: 'POST',
        path: `${apiPath`/v2/checkout/orders/${id}`}/${verb}`,
        body: {},
      },
      { ...how, ...keyed(how, verb) },
    ),
  )
}

function orderOf(request: ProviderPaymentRequest, brandName: string | undefined): Json {
  const { amount, returnUrl, cancelUrl, paymentMethod, description, saveMethod } = request
  const context = {
    user_action: 'PAY_NOW',
    shipping_preference: 'NO_SHIPPING',
    ...(brandName !== undefined && { brand_name: brandName }),
    ...(returnUrl !== undefined && { return_url: returnUrl }),
    ...((cancelUrl ?? returnUrl) !== undefined && { cancel_url: cancelUrl ?? returnUrl ?? '' }),
  }
  const vault = saveMethod
    ? { attributes: { vault: { store_in_vault: 'ON_SUCCESS', usage_type: 'MERCHANT' } } }
    : {}
  return {
    intent: request.capture === 'manual' ? 'AUTHORIZE' : 'CAPTURE',
    purchase_units: [
      {
        reference_id: 'default',
        custom_id: request.paymentId,
        amount: paypalAmount(amount),
        ...(description !== undefined && { description: description.slice(0, 127) }),
        ...(request.statementDescriptor !== undefined && {
          soft_descriptor: request.statementDescriptor,
        }),
      },
    ],
    payment_source:
      paymentMethod === undefined
        ? { paypal: { experience_context: context, ...vault } }
        : {
            paypal: {
              vault_id: paymentMethod,
              ...(request.offSession && {
                stored_credential: {
                  payment_initiator: 'MERCHANT',
                  usage: 'SUBSEQUENT',
                  usage_pattern: 'UNSCHEDULED_POSTPAID',
                },
              }),
            },
          },
  }
}

/** Whether this amount is all that is left of the authorization. */
function isRest({ amount, captured }: PaymentHandle, wanted: Money): boolean {
  return captured.minor + wanted.minor >= amount.minor
}

/** An order read right after a capture may not show it yet. */
function withCapture(payment: ProviderPayment, capture: Json): ProviderPayment {
  const id = textAt(capture, 'id')
  const amount = moneyFromPaypal(at(capture, 'amount'))
  if (id === undefined || amount === null || payment.alsoKnownAs.includes(id)) return payment
  const refunded = minorMoney(0n, amount.currency)
  return {
    ...payment,
    alsoKnownAs: [...payment.alsoKnownAs, id],
    handles: { ...payment.handles, capture: payment.handles['capture'] ?? id },
    captures: [...(payment.captures ?? []), { reference: id, amount, refunded }],
  }
}

function required({ handles }: PaymentHandle, name: 'authorization' | 'capture'): string {
  const id = handles[name]
  if (id !== undefined) return id
  throw new PaymentError(
    'conflict',
    `Cannot change payment at paypal: it has no ${name} yet, confirm it first`,
    { provider: 'paypal' },
  )
}
