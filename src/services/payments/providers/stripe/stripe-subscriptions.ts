import { PaymentError } from '../../payment-error.ts'
import type { BillingInterval } from '../../subscriptions/billing-period.ts'
import type { SubscriptionCalls } from '../provider-billing.ts'
import type { StripeCaller } from './stripe-caller.ts'
import { stripeAmount } from './stripe-money.ts'
import { rawOf, subscriptionFromStripe } from './stripe-payment.ts'

export function stripeSubscriptions({
  client,
  call,
  requestOptions,
}: StripeCaller): Required<SubscriptionCalls> {
  return {
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
    find: ({ customer = '', subscriptionId }, { first, last }, how) =>
      call('find subscription', how, async () => {
        const created = {
          gte: Math.floor(first / 1000) - 300,
          lte: Math.ceil(last / 1000) + 1500,
        }
        const page = { customer, created, status: 'all', limit: 100 } as const
        for await (const subscription of client.subscriptions.list(page))
          if (subscription.metadata['subscription_id'] === subscriptionId)
            return subscriptionFromStripe(subscription, null)
        return null
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
  }
}

function stripeInterval({ unit, count = 1 }: BillingInterval): {
  interval: BillingInterval['unit']
  interval_count: number
} {
  return { interval: unit, interval_count: count }
}
