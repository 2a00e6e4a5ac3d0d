import { checkOptions } from '../../../primitives/check-options.ts'
import { checkInteger } from '../../../primitives/check-range.ts'
import { keepLoaded, lateMethods } from '../../../primitives/late-methods.ts'
import type { FetchClient } from '../../../runtime/ports/platform/fetch-client.ts'
import { PaymentError } from '../payment-error.ts'
import type { PaymentProvider } from './provider.ts'
import type { StripeCallOptions, StripeCalls } from './stripe/stripe-calls.ts'
import { eventFromStripe } from './stripe/stripe-event.ts'
import { stripeAmount } from './stripe/stripe-money.ts'

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
/**
 * Payments, subscriptions, invoices and disputes at Stripe, through Stripe's own library with its
 * fetch client. Needs the package `stripe` beside this one, and loads it with the first call, so
 * that no start waits for it.
 *
 * @throws TypeError or RangeError when the key is none of Stripe's, or an option is not known
 * @example
 * createPayments({ backend, providers: { stripe: stripe({ secretKey: env.STRIPE_SECRET_KEY }) } })
 */
export function stripe(options: StripeOptions): PaymentProvider {
  checkOptions('use Stripe', options, [], OPTIONS)
  const { secretKey, account, timeoutMs = 80_000, baseUrl, fetch } = options
  const mode = /^(?:sk|rk)_(live|test)_\w+$/.exec(secretKey ?? '')?.[1]
  if (mode === undefined)
    throw new TypeError(
      'Cannot use Stripe: secretKey is no secret key, sk_live_… or sk_test_… expected',
    )
  checkInteger('use Stripe', 'timeoutMs', timeoutMs, 1, 3_600_000)
  const url = baseUrl === undefined ? undefined : new URL(baseUrl)
  const secrets = [options.webhookSecret ?? []].flat()
  if (secrets.some((secret) => secret.trim() === ''))
    throw new TypeError('Cannot use Stripe: webhookSecret is empty, whsec_… expected')

  const calls = keepLoaded(() => loadCalls({ secretKey, account, timeoutMs, url, fetch }))

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
    readEvent: (event) => eventFromStripe(event, account),
    ...lateMethods(
      {
        createPayment: true,
        retrievePayment: true,
        findPayment: true,
        confirmPayment: true,
        capturePayment: true,
        cancelPayment: true,
        refundPayment: true,
        findRefund: true,
        retrieveRefund: true,
        createSetup: true,
        createCheckout: true,
        findCheckout: true,
      },
      async () => (await calls()).payments,
    ),
    customers: lateMethods(
      { create: true, retrieve: true, update: true },
      async () => (await calls()).customers,
    ),
    methods: lateMethods(
      { attach: true, list: true, detach: true },
      async () => (await calls()).methods,
    ),
    subscriptions: lateMethods(
      {
        createPlan: true,
        create: true,
        find: true,
        retrieve: true,
        change: true,
        pause: true,
        resume: true,
        cancel: true,
        reactivate: true,
      },
      async () => (await calls()).subscriptions,
    ),
    invoices: lateMethods(
      { create: true, retrieve: true, finalize: true, pay: true, void: true },
      async () => (await calls()).invoices,
    ),
    disputes: lateMethods(
      { list: true, retrieve: true, submitEvidence: true, accept: true },
      async () => (await calls()).disputes,
    ),
  }
}

/** @throws PaymentError `configuration` where the library is not there: nothing was called then */
async function loadCalls(options: StripeCallOptions): Promise<StripeCalls> {
  const { createStripeCalls } = await import('./stripe/stripe-calls.ts').catch((cause: unknown) => {
    const message =
      'Cannot use Stripe: its library cannot be loaded, the package stripe expected beside this one'
    throw new PaymentError('configuration', message, { provider: 'stripe', cause })
  })
  return createStripeCalls(options)
}
