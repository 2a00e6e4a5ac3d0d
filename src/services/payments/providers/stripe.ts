import Stripe from 'stripe'
import { checkOptions } from '../../../primitives/check-options.ts'
import { checkInteger } from '../../../primitives/check-range.ts'
import type { FetchClient } from '../../../runtime/ports/platform/fetch-client.ts'
import { PaymentError } from '../payment-error.ts'
import type { ProviderCall, ProviderPayment } from './provider-payment.ts'
import type { PaymentProvider } from './provider.ts'
import { toPaymentError } from './stripe/stripe-error.ts'
import { eventFromStripe } from './stripe/stripe-event.ts'
import { stripeAmount } from './stripe/stripe-money.ts'
import {
  idOf,
  paymentFromSession,
  paymentFromStripe,
  rawOf,
  refundFromStripe,
} from './stripe/stripe-payment.ts'
import { createStripeCaller } from './stripe/stripe-caller.ts'
import { stripeCustomers, stripeMethods } from './stripe/stripe-customers.ts'
import { stripeDisputes } from './stripe/stripe-disputes.ts'
import { stripeInvoices } from './stripe/stripe-invoices.ts'
import { stripeSubscriptions } from './stripe/stripe-subscriptions.ts'

export { InfrastructureError } from '../../../runtime/ports/infrastructure-error.ts'
export { PaymentError, type PaymentErrorCode } from '../payment-error.ts'

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
const OPTIONS = ['secretKey', 'webhookSecret', 'account', 'fetch', 'timeoutMs', 'baseUrl'] as const
/** Payments looked through for one whose answer was lost. */
const LOOKED_THROUGH = 1000

/**
 * Payments, subscriptions, invoices and disputes at Stripe, through Stripe's own library with its
 * fetch client. Needs the package `stripe` beside this one.
 *
 * @throws TypeError or RangeError when the key is none of Stripe's, or an option is not known
 * @example
 * createPayments({ backend, providers: { stripe: stripe({ secretKey: env.STRIPE_SECRET_KEY }) } })
 */
export function stripe(options: StripeOptions): PaymentProvider {
  checkOptions('use Stripe', options, [], OPTIONS)
  const { secretKey, account, timeoutMs = 80_000, baseUrl, fetch: given } = options
  const mode = /^(?:sk|rk)_(live|test)_\w+$/.exec(secretKey ?? '')?.[1]
  if (mode === undefined)
    throw new TypeError(
      'Cannot use Stripe: secretKey is no secret key, sk_live_… or sk_test_… expected',
    )
  checkInteger('use Stripe', 'timeoutMs', timeoutMs, 1, 3_600_000)
  const url = baseUrl === undefined ? undefined : new URL(baseUrl)
  const client = new Stripe(secretKey, {
    httpClient: Stripe.createFetchHttpClient(
      given && ((input, init = {}) => given(urlOf(input), init)),
    ),
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

  const caller = createStripeCaller(client)
  const { call, requestOptions } = caller
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

  /** The payment that a page has led to, `null` while it can still come. */
  async function findCheckout(reference: string, how: ProviderCall) {
    if (!reference.startsWith('cs_')) return null
    return call('find payment', how, async () => {
      const session = await client.checkout.sessions.retrieve(reference, {
        expand: ['payment_intent.latest_charge'],
      })
      const { payment_intent: intent, status } = session
      if (typeof intent === 'object' && intent !== null) return paymentFromStripe(intent, null)
      return status === 'expired' ? paymentFromSession(session, null) : null
    })
  }

  return {
    name: 'stripe',
    live: mode === 'live',
    timeoutMs,
    capabilities: {
      manualCapture: true,
      partialCapture: true,
      multipleCaptures: false,
      threeDSecure: true,
      checkout: true,
      setupIntents: true,
      customers: true,
      paymentMethods: true,
      subscriptions: true,
      pauseSubscriptions: true,
      invoices: true,
      disputes: true,
      // Stripe keeps keys for at least 24 hours: an hour less, so that a late call is still within
      // them.
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
    retrievePayment: async ({ reference }, how) =>
      (await findCheckout(reference, how)) ??
      call('retrieve payment', how, async () =>
        paymentFromStripe(await client.paymentIntents.retrieve(reference, expanded), null),
      ),
    findCheckout,
    findPayment: ({ paymentId }, { first, last }, how) =>
      call('find payment', how, async () => {
        // Lists are complete at once, unlike Stripe's search.
        const created = {
          gte: Math.floor(first / 1000) - 300,
          lte: Math.ceil(last / 1000) + 1500,
        }
        const page = { created, limit: 100 }
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
    findRefund: ({ reference }, refundId, how) =>
      call('find refund', how, async () => {
        for await (const refund of client.refunds.list({ payment_intent: reference, limit: 100 }))
          if (refund.metadata?.['refund_id'] === refundId) return refundFromStripe(refund)
        return null
      }),
    retrieveRefund: (reference, how) =>
      call('retrieve refund', how, async () =>
        refundFromStripe(await client.refunds.retrieve(reference)),
      ),
    readEvent: (event) => eventFromStripe(event, account),
    customers: stripeCustomers(caller),
    methods: stripeMethods(caller),
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
            ...(request.threeDSecure === 'challenge' && {
              payment_method_options: { card: { request_three_d_secure: 'challenge' } },
            }),
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
    subscriptions: stripeSubscriptions(caller),
    invoices: stripeInvoices(caller),
    disputes: stripeDisputes(caller),
  }
}

function setupState(
  status: Stripe.SetupIntent.Status,
): 'requires_action' | 'processing' | 'succeeded' | 'failed' | 'canceled' {
  const known = (['succeeded', 'canceled', 'processing'] as const).find((state) => state === status)
  return known ?? 'requires_action'
}

function urlOf(input: Request | URL | string): string {
  if (typeof input === 'string') return input
  return input instanceof URL ? input.href : input.url
}
