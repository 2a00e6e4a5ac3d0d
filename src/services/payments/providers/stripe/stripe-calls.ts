import Stripe from 'stripe'
import type { FetchClient } from '../../../../runtime/ports/platform/fetch-client.ts'
import { PaymentError } from '../../payment-error.ts'
import type {
  CustomerCalls,
  DisputeCalls,
  InvoiceCalls,
  MethodCalls,
  SubscriptionCalls,
} from '../provider-billing.ts'
import type { ProviderCall, ProviderPayment } from '../provider-payment.ts'
import type { PaymentProvider } from '../provider.ts'
import { createStripeCaller } from './stripe-caller.ts'
import { stripeCustomers, stripeMethods } from './stripe-customers.ts'
import { stripeDisputes } from './stripe-disputes.ts'
import { toPaymentError } from './stripe-error.ts'
import { stripeInvoices } from './stripe-invoices.ts'
import { stripeAmount } from './stripe-money.ts'
import {
  idOf,
  paymentFromSession,
  paymentFromStripe,
  rawOf,
  refundFromStripe,
} from './stripe-payment.ts'
import { stripeSubscriptions } from './stripe-subscriptions.ts'

/** What {@link createStripeCalls} needs, checked. */
export interface StripeCallOptions {
  readonly secretKey: string
  readonly account: string | undefined
  readonly timeoutMs: number
  readonly url: URL | undefined
  readonly fetch: FetchClient | undefined
}

/** Whatever of the provider asks Stripe. */
export interface StripeCalls {
  readonly payments: Required<Pick<PaymentProvider, PaymentCallName>>
  readonly customers: CustomerCalls
  readonly methods: MethodCalls
  readonly subscriptions: Required<SubscriptionCalls>
  readonly invoices: Required<InvoiceCalls>
  readonly disputes: DisputeCalls
}

type PaymentCallName =
  | 'createPayment'
  | 'retrievePayment'
  | 'findPayment'
  | 'confirmPayment'
  | 'capturePayment'
  | 'cancelPayment'
  | 'refundPayment'
  | 'findRefund'
  | 'retrieveRefund'
  | 'createSetup'
  | 'createCheckout'
  | 'findCheckout'

/** Payments looked through for one whose answer was lost. */
const LOOKED_THROUGH = 1000

/** Loads Stripe's own library, which a start does not wait for. */
export function createStripeCalls(options: StripeCallOptions): StripeCalls {
  const { secretKey, account, timeoutMs, url, fetch: given } = options
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

  const payments: StripeCalls['payments'] = {
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
  }
  return {
    payments,
    customers: stripeCustomers(caller),
    methods: stripeMethods(caller),
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
