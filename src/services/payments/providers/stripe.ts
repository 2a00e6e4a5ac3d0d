import Stripe from 'stripe'
import type { FetchClient } from '../../../runtime/ports/platform/fetch-client.ts'
import { PaymentError } from '../payment-error.ts'
import type { BillingInterval } from '../subscriptions/billing-period.ts'
import type {
  CustomerRequest,
  DisputeEvidence,
  PaymentProvider,
  ProviderCall,
  ProviderInvoice,
  ProviderMethod,
  ProviderPayment,
} from './provider.ts'
import { toPaymentError } from './stripe/stripe-error.ts'
import { eventFromStripe } from './stripe/stripe-event.ts'
import { moneyFromStripe, stripeAmount } from './stripe/stripe-money.ts'
import {
  disputeFromStripe,
  idOf,
  paymentFromStripe,
  rawOf,
  refundFromStripe,
  subscriptionFromStripe,
} from './stripe/stripe-payment.ts'

/** Options of {@link stripe}. */
export interface StripeOptions {
  /** `sk_live_…`, `sk_test_…` or a restricted `rk_…`. */
  readonly secretKey: string
  /** `whsec_…`, or several while they are rotated. Without one webhooks are refused. */
  readonly webhookSecret?: string | readonly string[]
  /** Acts for a connected account: `acct_…`. */
  readonly account?: string
  /** Default: the platform's. */
  readonly fetch?: FetchClient
  /** ms until a call counts as unanswered. Default 80,000, as Stripe advises. */
  readonly timeoutMs?: number
  /** Where Stripe's API is: for tests. Default `https://api.stripe.com`. */
  readonly baseUrl?: string
}

const DAY_MS = 86_400_000
/** Payments looked through for one whose answer was lost. */
const LOOKED_THROUGH = 1000

/**
 * Payments, subscriptions, invoices and disputes at Stripe, through Stripe's own library with its
 * fetch client. Needs the package `stripe` beside this one.
 *
 * @throws TypeError when the key is none of Stripe's
 * @example
 * createPayments({ backend, providers: { stripe: stripe({ secretKey: env.STRIPE_SECRET_KEY }) } })
 */
export function stripe(options: StripeOptions): PaymentProvider {
  const { secretKey, account, timeoutMs = 80_000, baseUrl } = options
  const mode = /^(?:sk|rk)_(live|test)_\w+$/.exec(secretKey ?? '')?.[1]
  if (mode === undefined)
    throw new TypeError(
      'Cannot use Stripe: secretKey is no secret key, sk_live_… or sk_test_… expected',
    )
  const url = baseUrl === undefined ? undefined : new URL(baseUrl)
  const client = new Stripe(secretKey, {
    httpClient: Stripe.createFetchHttpClient(options.fetch as typeof fetch | undefined),
    // Repetition is ours: with the same key, and kept before the first call.
    maxNetworkRetries: 0,
    timeout: timeoutMs,
    telemetry: false,
    ...(account !== undefined && { stripeAccount: account }),
    ...(url !== undefined && {
      host: url.hostname,
      port: url.port,
      protocol: url.protocol === 'http:' ? ('http' as const) : ('https' as const),
    }),
  })
  const secrets = [options.webhookSecret ?? []].flat()
  if (secrets.some((secret) => secret.trim() === ''))
    throw new TypeError('Cannot use Stripe: webhookSecret is empty, whsec_… expected')

  const requestOptions = ({ idempotencyKey }: ProviderCall): Stripe.RequestOptions =>
    idempotencyKey === undefined ? {} : { idempotencyKey }
  async function call<Result>(
    action: string,
    { signal }: ProviderCall,
    send: () => Promise<Result>,
  ): Promise<Result> {
    signal?.throwIfAborted()
    try {
      return await send()
    } catch (error) {
      throw toPaymentError(action, error)
    }
  }
  const expanded = { expand: ['latest_charge'] }

  /** A decline leaves the payment with Stripe, where another card can be tried. */
  async function attempted(
    action: string,
    how: ProviderCall,
    send: () => Promise<Stripe.PaymentIntent>,
  ): Promise<ProviderPayment> {
    try {
      how.signal?.throwIfAborted()
      return paymentFromStripe(await send(), null)
    } catch (error) {
      const kept = error instanceof Stripe.errors.StripeCardError ? error.payment_intent : undefined
      if (kept !== undefined) return paymentFromStripe(kept, null)
      throw toPaymentError(action, error)
    }
  }

  return {
    name: 'stripe',
    live: mode === 'live',
    capabilities: {
      manualCapture: true,
      partialCapture: true,
      multipleCaptures: false,
      checkout: true,
      setupIntents: true,
      customers: true,
      paymentMethods: true,
      subscriptions: true,
      pauseSubscriptions: true,
      invoices: true,
      disputes: true,
      // Stripe keeps keys for at least 24 hours: an hour less, so that a late call is still within them.
      idempotencyMs: DAY_MS - 3_600_000,
    },
    ...(secrets.length > 0 && { webhooks: { scheme: 'stripe', secrets } as const }),
    checkAmount: (amount) => void stripeAmount(amount),
    createPayment: (request, how) =>
      attempted('create payment', how, () => {
        const { amount, paymentMethod, customer, returnUrl, description } = request
        return client.paymentIntents.create(
          {
            amount: stripeAmount(amount),
            currency: amount.currency.toLowerCase(),
            capture_method: request.capture === 'manual' ? 'manual' : 'automatic',
            metadata: { ...request.metadata, payment_id: request.paymentId },
            ...(paymentMethod !== undefined && { payment_method: paymentMethod }),
            ...(customer !== undefined && { customer }),
            ...(description !== undefined && { description }),
            ...(request.statementDescriptor !== undefined && {
              statement_descriptor_suffix: request.statementDescriptor,
            }),
            ...(request.receiptEmail !== undefined && { receipt_email: request.receiptEmail }),
            ...(request.saveMethod && { setup_future_usage: 'off_session' }),
            ...(request.confirm && {
              confirm: true,
              ...(returnUrl !== undefined && { return_url: returnUrl }),
              ...(request.offSession && { off_session: true }),
            }),
            ...(request.threeDSecure === 'challenge' && {
              payment_method_options: { card: { request_three_d_secure: 'challenge' } },
            }),
            ...(returnUrl === undefined && {
              automatic_payment_methods: { enabled: true, allow_redirects: 'never' },
            }),
            ...expanded,
          },
          requestOptions(how),
        )
      }),
    retrievePayment: ({ reference }, how) =>
      call('retrieve payment', how, async () =>
        paymentFromStripe(await client.paymentIntents.retrieve(reference, expanded), null),
      ),
    findPayment: ({ paymentId }, since, how) =>
      call('find payment', how, async () => {
        // Lists are complete at once, unlike Stripe's search.
        const from = Math.floor(since / 1000) - 300
        const page = { created: { gte: from, lte: from + 1800 }, limit: 100 }
        let seen = 0
        for await (const intent of client.paymentIntents.list(page)) {
          if (intent.metadata['payment_id'] === paymentId) return paymentFromStripe(intent, null)
          if (++seen >= LOOKED_THROUGH)
            throw new PaymentError(
              'indeterminate',
              'Cannot find payment at Stripe: over 1,000 were made at that time, call again under the same operation id',
              { provider: 'stripe' },
            )
        }
        return null
      }),
    confirmPayment: ({ reference }, { paymentMethod, returnUrl }, how) =>
      attempted('confirm payment', how, () =>
        client.paymentIntents.confirm(
          reference,
          {
            ...(paymentMethod !== undefined && { payment_method: paymentMethod }),
            ...(returnUrl !== undefined && { return_url: returnUrl }),
            ...expanded,
          },
          requestOptions(how),
        ),
      ),
    capturePayment: ({ reference }, amount, how) =>
      call('capture payment', how, async () =>
        paymentFromStripe(
          await client.paymentIntents.capture(
            reference,
            { ...(amount !== null && { amount_to_capture: stripeAmount(amount) }), ...expanded },
            requestOptions(how),
          ),
          null,
        ),
      ),
    cancelPayment: ({ reference }, how) =>
      call('cancel payment', how, async () =>
        paymentFromStripe(
          await client.paymentIntents.cancel(reference, {}, requestOptions(how)),
          null,
        ),
      ),
    refundPayment: ({ reference }, { refundId, amount, reason }, how) =>
      call('refund payment', how, async () =>
        refundFromStripe(
          await client.refunds.create(
            {
              payment_intent: reference,
              amount: stripeAmount(amount),
              ...(reason !== 'other' && { reason }),
              metadata: { refund_id: refundId },
            },
            requestOptions(how),
          ),
        ),
      ),
    retrieveRefund: (reference, how) =>
      call('retrieve refund', how, async () =>
        refundFromStripe(await client.refunds.retrieve(reference)),
      ),
    readEvent: eventFromStripe,
    customers: {
      create: (request, how) =>
        call('create customer', how, async () => {
          const made = await client.customers.create(customerOf(request), requestOptions(how))
          return { reference: made.id, raw: rawOf(made) }
        }),
      retrieve: (reference, how) =>
        call('retrieve customer', how, async () => {
          const found = await client.customers.retrieve(reference)
          return { reference: found.id, raw: rawOf(found) }
        }),
      update: (reference, request, how) =>
        call('update customer', how, async () => {
          const changed = await client.customers.update(
            reference,
            customerOf(request),
            requestOptions(how),
          )
          return { reference: changed.id, raw: rawOf(changed) }
        }),
    },
    methods: {
      attach: (customer, token, how) =>
        call('attach payment method', how, async () =>
          methodFrom(await client.paymentMethods.attach(token, { customer }, requestOptions(how))),
        ),
      list: (customer, how) =>
        call('list payment methods', how, async () => {
          const page = await client.customers.listPaymentMethods(customer, { limit: 100 })
          return page.data.map(methodFrom)
        }),
      detach: (reference, how) =>
        call('detach payment method', how, async () => {
          await client.paymentMethods.detach(reference, {}, requestOptions(how))
        }),
    },
    createSetup: ({ customer, returnUrl, paymentMethod }, how) =>
      call('create setup intent', how, async () => {
        const made = await client.setupIntents.create(
          {
            usage: 'off_session',
            ...(customer !== undefined && { customer }),
            ...(paymentMethod !== undefined && { payment_method: paymentMethod, confirm: true }),
            ...(returnUrl !== undefined &&
              paymentMethod !== undefined && { return_url: returnUrl }),
            ...(returnUrl === undefined && {
              automatic_payment_methods: { enabled: true, allow_redirects: 'never' },
            }),
          },
          requestOptions(how),
        )
        const state = setupState(made.status)
        return {
          reference: made.id,
          state,
          nextAction:
            state === 'requires_action' && made.client_secret !== null
              ? { type: 'client_sdk', clientSecret: made.client_secret }
              : null,
          paymentMethod: idOf(made.payment_method),
          raw: rawOf(made),
        }
      }),
    createCheckout: (request, how) =>
      call('create checkout', how, async () => {
        const { amount, customer } = request
        const metadata = { ...request.metadata, payment_id: request.paymentId }
        const made = await client.checkout.sessions.create(
          {
            mode: 'payment',
            line_items: [
              {
                quantity: 1,
                price_data: {
                  currency: amount.currency.toLowerCase(),
                  unit_amount: stripeAmount(amount),
                  product_data: { name: request.name },
                },
              },
            ],
            success_url: request.returnUrl,
            ...(request.cancelUrl !== undefined && { cancel_url: request.cancelUrl }),
            ...(customer !== undefined && { customer }),
            metadata,
            payment_intent_data: {
              metadata,
              ...(request.capture === 'manual' && { capture_method: 'manual' }),
            },
          },
          requestOptions(how),
        )
        return {
          reference: made.id,
          url: made.url ?? '',
          expiresAt: made.expires_at * 1000,
          paymentReference: idOf(made.payment_intent),
          raw: rawOf(made),
        }
      }),
    subscriptions: {
      createPlan: ({ name, amount, interval, productReference, trialDays }, how) =>
        call('create plan', how, async () => {
          const made = await client.prices.create(
            {
              currency: amount.currency.toLowerCase(),
              unit_amount: stripeAmount(amount),
              recurring: {
                ...stripeInterval(interval),
                ...(trialDays !== undefined && { trial_period_days: trialDays }),
              },
              ...(productReference === undefined
                ? { product_data: { name } }
                : { product: productReference, nickname: name }),
            },
            requestOptions(how),
          )
          return { reference: made.id, amount, raw: rawOf(made) }
        }),
      create: (request, how) =>
        call('create subscription', how, async () => {
          const { customer, paymentMethod, trialEnd, anchor } = request
          if (customer === undefined)
            throw new PaymentError(
              'invalid_request',
              'Cannot create subscription at Stripe: customer is missing',
              { provider: 'stripe' },
            )
          const made = await client.subscriptions.create(
            {
              customer,
              items: [{ price: request.plan, quantity: request.quantity }],
              metadata: { ...request.metadata, subscription_id: request.subscriptionId },
              payment_behavior: 'default_incomplete',
              expand: ['latest_invoice.confirmation_secret'],
              ...(paymentMethod !== undefined && { default_payment_method: paymentMethod }),
              ...(trialEnd !== undefined && { trial_end: Math.floor(trialEnd / 1000) }),
              ...(anchor !== undefined && { billing_cycle_anchor: Math.floor(anchor / 1000) }),
            },
            requestOptions(how),
          )
          return subscriptionFromStripe(made, null)
        }),
      retrieve: (reference, how) =>
        call('retrieve subscription', how, async () =>
          subscriptionFromStripe(await client.subscriptions.retrieve(reference), null),
        ),
      change: (reference, { plan, quantity, proration = 'prorate' }, how) =>
        call('change subscription', how, async () => {
          const present = await client.subscriptions.retrieve(reference)
          const item = present.items.data[0]?.id
          const behaviors = {
            prorate: 'create_prorations',
            none: 'none',
            invoice_now: 'always_invoice',
          } as const
          const changed = await client.subscriptions.update(
            reference,
            {
              items: [
                {
                  ...(item !== undefined && { id: item }),
                  ...(plan !== undefined && { price: plan }),
                  ...(quantity !== undefined && { quantity }),
                },
              ],
              proration_behavior: behaviors[proration],
            },
            requestOptions(how),
          )
          return subscriptionFromStripe(changed, null)
        }),
      pause: (reference, how) =>
        call('pause subscription', how, async () =>
          subscriptionFromStripe(
            await client.subscriptions.update(
              reference,
              { pause_collection: { behavior: 'void' } },
              requestOptions(how),
            ),
            null,
          ),
        ),
      resume: (reference, how) =>
        call('resume subscription', how, async () =>
          subscriptionFromStripe(
            await client.subscriptions.update(
              reference,
              { pause_collection: '' },
              requestOptions(how),
            ),
            null,
          ),
        ),
      cancel: (reference, at, how) =>
        call('cancel subscription', how, async () =>
          subscriptionFromStripe(
            at === 'now'
              ? await client.subscriptions.cancel(reference, {}, requestOptions(how))
              : await client.subscriptions.update(
                  reference,
                  { cancel_at_period_end: true },
                  requestOptions(how),
                ),
            null,
          ),
        ),
      reactivate: (reference, how) =>
        call('reactivate subscription', how, async () =>
          subscriptionFromStripe(
            await client.subscriptions.update(
              reference,
              { cancel_at_period_end: false },
              requestOptions(how),
            ),
            null,
          ),
        ),
    },
    invoices: {
      create: ({ customer, lines, subscription, daysUntilDue, metadata }, how) =>
        call('create invoice', how, async () => {
          const made = await client.invoices.create(
            {
              customer,
              metadata,
              auto_advance: false,
              currency: lines[0]?.amount.currency.toLowerCase() ?? '',
              ...(subscription !== undefined && { subscription }),
              ...(daysUntilDue !== undefined && {
                collection_method: 'send_invoice',
                days_until_due: daysUntilDue,
              }),
            },
            requestOptions(how),
          )
          // Each line under a key of its own: all of them are repeated together after a lost answer.
          for (const [index, { description, amount }] of lines.entries())
            await client.invoiceItems.create(
              {
                customer,
                invoice: made.id ?? '',
                amount: stripeAmount(amount),
                currency: amount.currency.toLowerCase(),
                description,
              },
              how.idempotencyKey === undefined
                ? {}
                : { idempotencyKey: `${how.idempotencyKey}-${index}` },
            )
          return invoiceFrom(await client.invoices.retrieve(made.id ?? ''))
        }),
      retrieve: (reference, how) =>
        call('retrieve invoice', how, async () =>
          invoiceFrom(await client.invoices.retrieve(reference)),
        ),
      finalize: (reference, how) =>
        call('finalize invoice', how, async () =>
          invoiceFrom(await client.invoices.finalizeInvoice(reference, {}, requestOptions(how))),
        ),
      pay: (reference, how) =>
        call('pay invoice', how, async () =>
          invoiceFrom(await client.invoices.pay(reference, {}, requestOptions(how))),
        ),
      void: (reference, how) =>
        call('void invoice', how, async () =>
          invoiceFrom(await client.invoices.voidInvoice(reference, {}, requestOptions(how))),
        ),
    },
    disputes: {
      list: ({ cursor, limit = 20 }, how) =>
        call('list disputes', how, async () => {
          const page = await client.disputes.list({
            limit,
            ...(cursor !== undefined && { starting_after: cursor }),
          })
          const last = page.data.at(-1)?.id
          return {
            disputes: page.data.map(disputeFromStripe),
            cursor: page.has_more && last !== undefined ? last : null,
          }
        }),
      retrieve: (reference, how) =>
        call('retrieve dispute', how, async () =>
          disputeFromStripe(await client.disputes.retrieve(reference)),
        ),
      submitEvidence: (reference, evidence, how) =>
        call('submit evidence', how, async () =>
          disputeFromStripe(
            await client.disputes.update(
              reference,
              { evidence: evidenceOf(evidence), submit: true },
              requestOptions(how),
            ),
          ),
        ),
      accept: (reference, how) =>
        call('accept dispute', how, async () =>
          disputeFromStripe(await client.disputes.close(reference, {}, requestOptions(how))),
        ),
    },
  }
}

function customerOf({ id, name, email, phone, description, metadata }: CustomerRequest): {
  name?: string
  email?: string
  phone?: string
  description?: string
  metadata?: Record<string, string>
} {
  const kept = { ...metadata, ...(id !== undefined && { customer_id: id }) }
  return {
    ...(name !== undefined && { name }),
    ...(email !== undefined && { email }),
    ...(phone !== undefined && { phone }),
    ...(description !== undefined && { description }),
    ...(Object.keys(kept).length > 0 && { metadata: kept }),
  }
}

function methodFrom({ id, type, card }: Stripe.PaymentMethod): ProviderMethod {
  return {
    reference: id,
    type,
    brand: card?.brand ?? null,
    last4: card?.last4 ?? null,
    expiry: card === undefined ? null : { month: card.exp_month, year: card.exp_year },
  }
}

function setupState(
  status: Stripe.SetupIntent.Status,
): 'requires_action' | 'processing' | 'succeeded' | 'failed' | 'canceled' {
  const known = (['succeeded', 'canceled', 'processing'] as const).find((state) => state === status)
  return known ?? 'requires_action'
}

function stripeInterval({ unit, count = 1 }: BillingInterval): {
  interval: BillingInterval['unit']
  interval_count: number
} {
  return { interval: unit, interval_count: count }
}

function invoiceFrom(invoice: Stripe.Invoice): ProviderInvoice {
  const states: Readonly<Partial<Record<string, ProviderInvoice['state']>>> = {
    draft: 'draft',
    open: 'open',
    paid: 'paid',
    void: 'void',
    uncollectible: 'uncollectible',
  }
  return {
    reference: invoice.id ?? '',
    state: states[invoice.status ?? ''] ?? 'draft',
    total: moneyFromStripe(invoice.total, invoice.currency),
    due: moneyFromStripe(invoice.amount_due, invoice.currency),
    url: invoice.hosted_invoice_url ?? null,
    raw: rawOf(invoice),
  }
}

function evidenceOf(evidence: DisputeEvidence): Stripe.DisputeUpdateParams.Evidence {
  const names = {
    explanation: 'uncategorized_text',
    customerName: 'customer_name',
    customerEmail: 'customer_email_address',
    productDescription: 'product_description',
    shippingCarrier: 'shipping_carrier',
    trackingNumber: 'shipping_tracking_number',
    shippedAt: 'shipping_date',
    refundPolicy: 'refund_policy_disclosure',
    cancellationPolicy: 'cancellation_policy_disclosure',
    serviceDate: 'service_date',
  } as const
  return Object.fromEntries(
    Object.entries(evidence).map(([name, text]) => [names[name as keyof typeof names], text]),
  )
}
