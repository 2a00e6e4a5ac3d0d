import type { Json } from '../../../runtime/ports/json.ts'
import { systemClock, type Clock } from '../../../runtime/ports/platform/clock.ts'
import { systemFetch, type FetchClient } from '../../../runtime/ports/platform/fetch-client.ts'
import { PaymentError } from '../payment-error.ts'
import type { BillingInterval } from '../subscriptions/billing-period.ts'
import {
  apiPath,
  at,
  callApi,
  listAt,
  textAt,
  type ApiRequest,
  type ApiResponse,
} from './provider-api.ts'
import type {
  CustomerRequest,
  PaymentProvider,
  ProviderCall,
  ProviderPayment,
  ProviderSubscription,
} from './provider.ts'
import { eventFromSquare } from './square/square-event.ts'
import {
  cardFromSquare,
  disputeFromSquare,
  invoiceFromSquare,
  paymentFromSquare,
  refundFromSquare,
  squareMoney,
  subscriptionFromSquare,
} from './square/square-payment.ts'

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
/** Pages of payments looked through for one whose answer was lost: 1,000 payments. */
const PAGES = 10

/**
 * Payments, cards, customers, subscriptions, invoices and disputes at Square.
 *
 * Square has no payment without a source: `createPaymentIntent()` wants a `paymentMethod`, the
 * nonce that the browser made, and `confirm: true`.
 *
 * @throws TypeError when the token or the location is missing
 * @example
 * square({ accessToken: env.SQUARE_TOKEN, locationId: 'L88917AVBK2S5', environment: 'live' })
 */
export function square(options: SquareOptions): PaymentProvider {
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
  const { baseUrl = `https://${host}`, apiVersion = '2025-07-16' } = options
  const live = environment === 'live'

  async function call(
    request: Omit<ApiRequest, 'headers' | 'signal'>,
    { signal }: ProviderCall,
  ): Promise<Json> {
    const response = await callApi(
      { provider: 'square', baseUrl, fetch, clock, timeoutMs },
      {
        ...request,
        headers: { authorization: `Bearer ${accessToken}`, 'square-version': apiVersion },
        signal,
      },
    )
    if (response.status < 300) return response.body
    throw refusal(request.action, response)
  }

  const keyOf = ({ idempotencyKey }: ProviderCall): Readonly<Record<string, string>> =>
    idempotencyKey === undefined ? {} : { idempotency_key: idempotencyKey }

  async function readSubscription(
    reference: string,
    how: ProviderCall,
  ): Promise<ProviderSubscription> {
    const body = await call(
      {
        action: 'retrieve subscription',
        method: 'GET',
        path: apiPath`/v2/subscriptions/${reference}`,
      },
      how,
    )
    return subscriptionFromSquare(at(body, 'subscription') ?? null)
  }

  async function actOnSubscription(
    reference: string,
    verb: 'cancel' | 'pause' | 'resume',
    how: ProviderCall,
  ): Promise<ProviderSubscription> {
    const body = await call(
      {
        action: `${verb} subscription`,
        method: 'POST',
        path: `${apiPath`/v2/subscriptions/${reference}`}/${verb}`,
        ...(verb !== 'cancel' && { body: {} }),
      },
      how,
    )
    return subscriptionFromSquare(at(body, 'subscription') ?? null)
  }

  return {
    name: 'square',
    live,
    capabilities: {
      manualCapture: true,
      partialCapture: false,
      multipleCaptures: false,
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
    async retrievePayment({ reference }, how) {
      const body = await call(
        { action: 'retrieve payment', method: 'GET', path: apiPath`/v2/payments/${reference}` },
        how,
      )
      return paymentFromSquare(at(body, 'payment') ?? null)
    },
    async findPayment({ paymentId }, since, how) {
      const found = await lookFor(paymentId, since, how)
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
      return lookFor(paymentId, since, how)
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
    readEvent: (event) => eventFromSquare(event, live),
    customers: {
      async create(request, how) {
        const body = await call(
          {
            action: 'create customer',
            method: 'POST',
            path: '/v2/customers',
            body: { ...keyOf(how), ...customerOf(request) },
          },
          how,
        )
        const customer = at(body, 'customer') ?? null
        return { reference: textAt(customer, 'id') ?? '', raw: customer }
      },
      async retrieve(reference, how) {
        const body = await call(
          { action: 'retrieve customer', method: 'GET', path: apiPath`/v2/customers/${reference}` },
          how,
        )
        return { reference, raw: at(body, 'customer') ?? null }
      },
      async update(reference, request, how) {
        const body = await call(
          {
            action: 'update customer',
            method: 'PUT',
            path: apiPath`/v2/customers/${reference}`,
            body: customerOf(request),
          },
          how,
        )
        return { reference, raw: at(body, 'customer') ?? null }
      },
    },
    methods: {
      async attach(customer, token, how) {
        const body = await call(
          {
            action: 'attach payment method',
            method: 'POST',
            path: '/v2/cards',
            body: {
              idempotency_key: how.idempotencyKey ?? '',
              source_id: token,
              card: { customer_id: customer },
            },
          },
          how,
        )
        return cardFromSquare(at(body, 'card') ?? null)
      },
      async list(customer, how) {
        const query = new URLSearchParams({ customer_id: customer })
        const body = await call(
          { action: 'list payment methods', method: 'GET', path: `/v2/cards?${query}` },
          how,
        )
        return listAt(body, 'cards').map(cardFromSquare)
      },
      async detach(reference, how) {
        await call(
          {
            action: 'detach payment method',
            method: 'POST',
            path: apiPath`/v2/cards/${reference}/disable`,
          },
          how,
        )
      },
    },
    async createCheckout(request, how) {
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
    subscriptions: {
      async createPlan({ name, amount, interval, productReference }, how) {
        const key = how.idempotencyKey ?? ''
        const plan =
          productReference ??
          textAt(
            await call(
              {
                action: 'create plan',
                method: 'POST',
                path: '/v2/catalog/object',
                body: {
                  idempotency_key: `${key.slice(0, 40)}-p`,
                  object: {
                    type: 'SUBSCRIPTION_PLAN',
                    id: '#plan',
                    subscription_plan_data: { name },
                  },
                },
              },
              how,
            ),
            'catalog_object',
            'id',
          )
        const made = await call(
          {
            action: 'create plan',
            method: 'POST',
            path: '/v2/catalog/object',
            body: {
              idempotency_key: key,
              object: {
                type: 'SUBSCRIPTION_PLAN_VARIATION',
                id: '#variation',
                subscription_plan_variation_data: {
                  name,
                  subscription_plan_id: plan ?? '',
                  phases: [
                    {
                      cadence: cadenceOf(interval),
                      ordinal: 0,
                      pricing: { type: 'STATIC', price_money: squareMoney(amount) },
                    },
                  ],
                },
              },
            },
          },
          how,
        )
        const variation = at(made, 'catalog_object') ?? null
        return { reference: textAt(variation, 'id') ?? '', amount, raw: variation }
      },
      async create(request, how) {
        const { customer, quantity, anchor, trialEnd } = request
        if (customer === undefined || quantity !== 1)
          throw new PaymentError(
            'invalid_request',
            'Cannot create subscription at square: a customer, and quantity 1, expected',
            { provider: 'square' },
          )
        const start = trialEnd ?? anchor
        const body = await call(
          {
            action: 'create subscription',
            method: 'POST',
            path: '/v2/subscriptions',
            body: {
              ...keyOf(how),
              location_id: locationId,
              plan_variation_id: request.plan,
              customer_id: customer,
              source: { name: request.subscriptionId },
              ...(request.paymentMethod !== undefined && { card_id: request.paymentMethod }),
              ...(start !== undefined && {
                start_date: new Date(start).toISOString().slice(0, 10),
              }),
            },
          },
          how,
        )
        return subscriptionFromSquare(at(body, 'subscription') ?? null)
      },
      retrieve: readSubscription,
      async change(reference, { plan, quantity }, how) {
        if (plan === undefined || quantity !== undefined)
          throw new PaymentError(
            'unsupported',
            'Cannot change subscription at square: only its plan can be changed',
            { provider: 'square' },
          )
        await call(
          {
            action: 'change subscription',
            method: 'POST',
            path: apiPath`/v2/subscriptions/${reference}/swap-plan`,
            body: { new_plan_variation_id: plan },
          },
          how,
        )
        return readSubscription(reference, how)
      },
      pause: (reference, how) => actOnSubscription(reference, 'pause', how),
      resume: (reference, how) => actOnSubscription(reference, 'resume', how),
      async cancel(reference, when, how) {
        if (when === 'period_end') return actOnSubscription(reference, 'cancel', how)
        throw new PaymentError(
          'unsupported',
          'Cannot cancel subscription at square: it ends with the period that is paid for, at: "period_end" expected',
          { provider: 'square' },
        )
      },
    },
    invoices: {
      async create({ customer, lines, daysUntilDue = 14 }, how) {
        const key = how.idempotencyKey ?? ''
        const order = await call(
          {
            action: 'create invoice',
            method: 'POST',
            path: '/v2/orders',
            body: {
              idempotency_key: `${key.slice(0, 40)}-o`,
              order: {
                location_id: locationId,
                customer_id: customer,
                line_items: lines.map(({ description, amount }) => ({
                  name: description,
                  quantity: '1',
                  base_price_money: squareMoney(amount),
                })),
              },
            },
          },
          how,
        )
        const due = new Date(clock.now() + daysUntilDue * DAY_MS).toISOString().slice(0, 10)
        const body = await call(
          {
            action: 'create invoice',
            method: 'POST',
            path: '/v2/invoices',
            body: {
              ...keyOf(how),
              invoice: {
                location_id: locationId,
                order_id: textAt(order, 'order', 'id') ?? '',
                primary_recipient: { customer_id: customer },
                payment_requests: [{ request_type: 'BALANCE', due_date: due }],
                delivery_method: 'SHARE_MANUALLY',
                accepted_payment_methods: { card: true },
              },
            },
          },
          how,
        )
        return invoiceFromSquare(at(body, 'invoice') ?? null)
      },
      async retrieve(reference, how) {
        const body = await call(
          { action: 'retrieve invoice', method: 'GET', path: apiPath`/v2/invoices/${reference}` },
          how,
        )
        return invoiceFromSquare(at(body, 'invoice') ?? null)
      },
      finalize: (reference, how) => actOnInvoice(reference, 'publish', how),
      void: (reference, how) => actOnInvoice(reference, 'cancel', how),
    },
    disputes: {
      async list({ cursor }, how) {
        const query = new URLSearchParams({ location_id: locationId })
        if (cursor !== undefined) query.set('cursor', cursor)
        const body = await call(
          { action: 'list disputes', method: 'GET', path: `/v2/disputes?${query}` },
          how,
        )
        return {
          disputes: listAt(body, 'disputes').map(disputeFromSquare),
          cursor: textAt(body, 'cursor') ?? null,
        }
      },
      async retrieve(reference, how) {
        const body = await call(
          { action: 'retrieve dispute', method: 'GET', path: apiPath`/v2/disputes/${reference}` },
          how,
        )
        return disputeFromSquare(at(body, 'dispute') ?? null)
      },
      async submitEvidence(reference, evidence, how) {
        // Texts of at most 500 characters, each a piece of its own under a key of its own.
        for (const [name, text] of Object.entries(evidence))
          await call(
            {
              action: 'submit evidence',
              method: 'POST',
              path: apiPath`/v2/disputes/${reference}/evidence-text`,
              body: {
                idempotency_key: `${(how.idempotencyKey ?? '').slice(0, 20)}-${name}`.slice(0, 45),
                evidence_type: EVIDENCE_TYPES[name] ?? 'GENERIC_EVIDENCE',
                evidence_text: String(text).slice(0, 500),
              },
            },
            how,
          )
        const body = await call(
          {
            action: 'submit evidence',
            method: 'POST',
            path: apiPath`/v2/disputes/${reference}/submit-evidence`,
          },
          how,
        )
        return disputeFromSquare(at(body, 'dispute') ?? null)
      },
      async accept(reference, how) {
        const body = await call(
          {
            action: 'accept dispute',
            method: 'POST',
            path: apiPath`/v2/disputes/${reference}/accept`,
          },
          how,
        )
        return disputeFromSquare(at(body, 'dispute') ?? null)
      },
    },
  }

  /** Looks through the payments of that time for the one that carries our id. */
  async function lookFor(
    paymentId: string,
    since: number,
    how: ProviderCall,
  ): Promise<ProviderPayment | null> {
    const query = new URLSearchParams({
      begin_time: new Date(since - 300_000).toISOString(),
      end_time: new Date(since + 1_800_000).toISOString(),
      location_id: locationId,
      limit: '100',
    })
    for (let page = 0; page < PAGES; page++) {
      const body = await call(
        { action: 'find payment', method: 'GET', path: `/v2/payments?${query}` },
        { signal: how.signal },
      )
      const ours = listAt(body, 'payments').filter(
        (payment) => textAt(payment, 'reference_id') === paymentId,
      )
      // A declined attempt before it has the same reference.
      const found = ours.find((payment) => textAt(payment, 'status') !== 'FAILED') ?? ours[0]
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

  async function actOnInvoice(
    reference: string,
    verb: 'publish' | 'cancel',
    how: ProviderCall,
  ): Promise<ReturnType<typeof invoiceFromSquare>> {
    const present = await call(
      { action: 'retrieve invoice', method: 'GET', path: apiPath`/v2/invoices/${reference}` },
      { signal: how.signal },
    )
    const version = Number(at(present, 'invoice', 'version') ?? 0)
    const body = await call(
      {
        action: `${verb} invoice`,
        method: 'POST',
        path: `${apiPath`/v2/invoices/${reference}`}/${verb}`,
        body: { version, ...(verb === 'publish' && keyOf(how)) },
      },
      how,
    )
    return invoiceFromSquare(at(body, 'invoice') ?? null)
  }
}

const EVIDENCE_TYPES: Readonly<Partial<Record<string, string>>> = {
  trackingNumber: 'TRACKING_NUMBER',
  cancellationPolicy: 'CANCELLATION_OR_REFUND_DOCUMENTATION',
  refundPolicy: 'CANCELLATION_OR_REFUND_DOCUMENTATION',
  productDescription: 'PRODUCT_OR_SERVICE_DESCRIPTION',
}

function customerOf({ id, name, email, phone, description }: CustomerRequest): {
  readonly [key: string]: string
} {
  return {
    ...(id !== undefined && { reference_id: id }),
    ...(name !== undefined && { given_name: name }),
    ...(email !== undefined && { email_address: email }),
    ...(phone !== undefined && { phone_number: phone }),
    ...(description !== undefined && { note: description }),
  }
}

function cadenceOf({ unit, count = 1 }: BillingInterval): string {
  const cadences: Readonly<Partial<Record<string, string>>> = {
    'day-1': 'DAILY',
    'week-1': 'WEEKLY',
    'week-2': 'EVERY_TWO_WEEKS',
    'day-30': 'THIRTY_DAYS',
    'day-60': 'SIXTY_DAYS',
    'day-90': 'NINETY_DAYS',
    'month-1': 'MONTHLY',
    'month-2': 'EVERY_TWO_MONTHS',
    'month-3': 'QUARTERLY',
    'month-4': 'EVERY_FOUR_MONTHS',
    'month-6': 'EVERY_SIX_MONTHS',
    'year-1': 'ANNUAL',
    'year-2': 'EVERY_TWO_YEARS',
  }
  const cadence = cadences[`${unit}-${count}`]
  if (cadence !== undefined) return cadence
  throw new PaymentError(
    'unsupported',
    `Cannot create plan at square: it does not bill every ${count} ${unit}s`,
    { provider: 'square' },
  )
}

function refusal(action: string, { status, body, retryAfterMs }: ApiResponse): PaymentError {
  const error = listAt(body, 'errors')[0]
  const code = textAt(error, 'code') ?? ''
  const category = textAt(error, 'category')
  const failed = (kind: PaymentError['code'], why: string, more = {}): PaymentError =>
    new PaymentError(kind, `Cannot ${action} at square: ${why}`, { provider: 'square', ...more })
  if (code === 'CARD_DECLINED_VERIFICATION_REQUIRED')
    return failed('authentication_required', 'the buyer has to be verified in the browser')
  if (category === 'PAYMENT_METHOD_ERROR' || DECLINES.has(code))
    return failed('declined', 'the means of payment was declined', {
      declineCode: code.toLowerCase(),
    })
  if (status === 401 || status === 403)
    return failed('configuration', 'the token is not accepted, or may not do this')
  if (status === 404) return failed('not_found', 'there is no such object')
  if (status === 429) return failed('rate_limited', 'too many calls', { retryAfterMs })
  if (code === 'REFUND_AMOUNT_INVALID' || code === 'REFUND_ALREADY_PENDING')
    return failed(
      code === 'REFUND_ALREADY_PENDING' ? 'conflict' : 'refund_exceeds_capture',
      code.toLowerCase(),
    )
  if (code === 'IDEMPOTENCY_KEY_REUSED')
    return failed('conflict', 'the key was used before with another request')
  if (status === 409 || CONFLICTS.has(code)) return failed('conflict', code || String(status))
  const field = textAt(error, 'field')
  return failed(
    'invalid_request',
    `the request was refused with ${code || status}${field === undefined ? '' : ` (${field})`}`,
  )
}

const DECLINES = new Set([
  'CARD_DECLINED',
  'GENERIC_DECLINE',
  'INSUFFICIENT_FUNDS',
  'CVV_FAILURE',
  'ADDRESS_VERIFICATION_FAILURE',
  'INVALID_EXPIRATION',
  'CARD_EXPIRED',
  'TRANSACTION_LIMIT',
  'VOICE_FAILURE',
  'PAN_FAILURE',
  'EXPIRATION_FAILURE',
  'CARD_NOT_SUPPORTED',
  'PAYMENT_LIMIT_EXCEEDED',
])

const CONFLICTS = new Set([
  'BAD_REQUEST_STATE',
  'PAYMENT_ALREADY_COMPLETED',
  'VERSION_MISMATCH',
  'CONFLICT',
  'CONFLICTING_PARAMETERS',
])
