import { PaymentError } from '../../payment-error.ts'
import type { ProviderSubscription, SubscriptionCalls } from '../provider-billing.ts'

const DAY_MS = 86_400_000

/** @param now ms since 1970 */
export function sandboxSubscriptions(now: () => number): SubscriptionCalls {
  const subscriptions = new Map<string, ProviderSubscription>()
  return {
    createPlan: async ({ name, amount }) => ({
      reference: `sbxp_${name}`,
      amount,
      raw: { object: 'sandbox.plan' },
    }),
    async create(request) {
      const known = subscriptions.get(`sbxu_${request.subscriptionId}`)
      if (known !== undefined) return known
      const at = now()
      const subscription: ProviderSubscription = {
        reference: `sbxu_${request.subscriptionId}`,
        state: request.trialEnd === undefined ? 'active' : 'trialing',
        plan: request.plan,
        quantity: request.quantity,
        periodStart: request.anchor ?? at,
        periodEnd: (request.anchor ?? at) + 30 * DAY_MS,
        trialEnd: request.trialEnd ?? null,
        cancelAtPeriodEnd: false,
        nextAction: null,
        changedAt: at,
        raw: { object: 'sandbox.subscription' },
      }
      subscriptions.set(subscription.reference, subscription)
      return subscription
    },
    retrieve: async (reference) => changeSubscription(reference, {}),
    change: async (reference, { plan, quantity }) =>
      changeSubscription(reference, {
        ...(plan !== undefined && { plan }),
        ...(quantity !== undefined && { quantity }),
      }),
    pause: async (reference) => changeSubscription(reference, { state: 'paused' }),
    resume: async (reference) => changeSubscription(reference, { state: 'active' }),
    cancel: async (reference, at) =>
      changeSubscription(
        reference,
        at === 'now' ? { state: 'canceled' } : { cancelAtPeriodEnd: true },
      ),
    reactivate: async (reference) => changeSubscription(reference, { cancelAtPeriodEnd: false }),
  }

  function changeSubscription(
    reference: string,
    change: Partial<ProviderSubscription>,
  ): ProviderSubscription {
    const known = subscriptions.get(reference)
    if (known === undefined)
      throw new PaymentError('not_found', 'Cannot call sandbox: there is no such subscription', {
        provider: 'sandbox',
      })
    const changed = { ...known, ...change, changedAt: now() }
    subscriptions.set(reference, changed)
    return changed
  }
}
