import { PaymentError } from '../../payment-error.ts'
import type { BillingInterval } from '../../subscriptions/billing-period.ts'
import type { ProviderSubscription, PausableSubscriptionCalls } from '../provider-billing.ts'
import { apiPath, at, listAt, readChanged, textAt } from '../provider-http.ts'
import type { ProviderCall } from '../provider-payment.ts'
import type { SquareCaller } from './square-caller.ts'
import { subscriptionFromSquare } from './square-billing.ts'
import { squareMoney } from './square-payment.ts'

export function squareSubscriptions({
  call,
  keyOf,
  locationId,
}: SquareCaller): PausableSubscriptionCalls {
  return {
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
    async find({ customer, subscriptionId }, _, how) {
      const body = await call(
        {
          action: 'find subscription',
          method: 'POST',
          path: '/v2/subscriptions/search',
          body: {
            query: { filter: { customer_ids: [customer ?? ''], location_ids: [locationId] } },
          },
        },
        how,
      )
      const found = listAt(body, 'subscriptions').find(
        (subscription) => textAt(subscription, 'source', 'name') === subscriptionId,
      )
      return found === undefined ? null : subscriptionFromSquare(found)
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
      return readChanged('square', readSubscription(reference, how))
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
  }

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
