import type { Json } from '../../../../runtime/ports/json.ts'
import type { Money } from '../../money/money.ts'
import { PaymentError } from '../../payment-error.ts'
import type { BillingInterval } from '../../subscriptions/billing-period.ts'
import type { PausableSubscriptionCalls, SubscriptionRequest } from '../provider-billing.ts'
import { apiPath, readChanged, textAt } from '../provider-http.ts'
import type { ProviderCall } from '../provider-payment.ts'
import { keyed, type PaypalApi } from './paypal-api.ts'
import { paypalAmount } from './paypal-money.ts'
import { subscriptionFromPaypal } from './paypal-billing.ts'

export function paypalSubscriptions(
  api: PaypalApi,
  brandName: string | undefined,
): PausableSubscriptionCalls {
  return {
    async createPlan({ name, amount, interval, productReference, trialDays }, how) {
      const product =
        productReference ??
        textAt(
          await api.call(
            {
              action: 'create product',
              method: 'POST',
              path: '/v1/catalogs/products',
              body: { name, type: 'SERVICE' },
            },
            { ...how, ...keyed(how, 'product') },
          ),
          'id',
        )
      const made = await api.call(
        {
          action: 'create plan',
          method: 'POST',
          path: '/v1/billing/plans',
          body: planOf(product ?? '', name, amount, interval, trialDays),
        },
        how,
      )
      return { reference: textAt(made, 'id') ?? '', amount, raw: made }
    },
    create: async (request, how) =>
      subscriptionFromPaypal(
        await api.call(
          {
            action: 'create subscription',
            method: 'POST',
            path: '/v1/billing/subscriptions',
            body: subscriptionOf(request, brandName),
          },
          how,
        ),
      ),
    retrieve: readSubscription,
    async change(reference, { plan, quantity }, how) {
      await api.call(
        {
          action: 'change subscription',
          method: 'POST',
          path: apiPath`/v1/billing/subscriptions/${reference}/revise`,
          body: {
            ...(plan !== undefined && { plan_id: plan }),
            ...(quantity !== undefined && { quantity: String(quantity) }),
          },
        },
        how,
      )
      return readChanged('paypal', readSubscription(reference, how))
    },
    pause: (reference, how) => act(reference, 'suspend', 'Paused', how),
    resume: (reference, how) => act(reference, 'activate', 'Resumed', how),
    async cancel(reference, when, how) {
      if (when === 'now') return act(reference, 'cancel', 'Cancelled', how)
      throw new PaymentError(
        'unsupported',
        'Cannot cancel subscription at paypal: PayPal ends it now, schedule the call for the end of the period',
        { provider: 'paypal' },
      )
    },
  }

  async function readSubscription(
    reference: string,
    how: ProviderCall,
  ): Promise<ReturnType<typeof subscriptionFromPaypal>> {
    return subscriptionFromPaypal(
      await api.call(
        {
          action: 'retrieve subscription',
          method: 'GET',
          path: apiPath`/v1/billing/subscriptions/${reference}`,
        },
        { signal: how.signal },
      ),
    )
  }

  async function act(
    reference: string,
    verb: 'suspend' | 'activate' | 'cancel',
    reason: string,
    how: ProviderCall,
  ): Promise<ReturnType<typeof subscriptionFromPaypal>> {
    await api.call(
      {
        action: `${verb} subscription`,
        method: 'POST',
        path: `${apiPath`/v1/billing/subscriptions/${reference}`}/${verb}`,
        body: { reason },
      },
      how,
    )
    return readChanged('paypal', readSubscription(reference, how))
  }
}

function planOf(
  product: string,
  name: string,
  amount: Money,
  { unit, count = 1 }: BillingInterval,
  trialDays: number | undefined,
): Json {
  const frequency = { interval_unit: unit.toUpperCase(), interval_count: count }
  const trial = trialDays === undefined || trialDays === 0 ? [] : [trialDays]
  return {
    product_id: product,
    name,
    billing_cycles: [
      ...trial.map((days) => ({
        frequency: { interval_unit: 'DAY', interval_count: days },
        tenure_type: 'TRIAL',
        sequence: 1,
        total_cycles: 1,
      })),
      {
        frequency,
        tenure_type: 'REGULAR',
        sequence: trial.length + 1,
        // Without an end.
        total_cycles: 0,
        pricing_scheme: { fixed_price: paypalAmount(amount) },
      },
    ],
    payment_preferences: { auto_bill_outstanding: true, payment_failure_threshold: 3 },
    quantity_supported: true,
  }
}

function subscriptionOf(request: SubscriptionRequest, brandName: string | undefined): Json {
  const { plan, quantity, subscriptionId, trialEnd, anchor, returnUrl, cancelUrl } = request
  const start = trialEnd ?? anchor
  return {
    plan_id: plan,
    quantity: String(quantity),
    custom_id: subscriptionId,
    ...(start !== undefined && { start_time: new Date(start).toISOString() }),
    application_context: {
      user_action: 'SUBSCRIBE_NOW',
      shipping_preference: 'NO_SHIPPING',
      ...(brandName !== undefined && { brand_name: brandName }),
      ...(returnUrl !== undefined && {
        return_url: returnUrl,
        cancel_url: cancelUrl ?? returnUrl,
      }),
    },
  }
}
