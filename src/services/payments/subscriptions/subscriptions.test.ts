import { expect, test } from 'vitest'
import { memory } from '../../../runtime/backends/memory/index.ts'
import { createFakeClock } from '../../../testing/index.ts'
import { createPayments, type Payments } from '../index.ts'
import { PaymentError } from '../payment-error.ts'
import type { ProviderSubscription, SubscriptionCalls } from '../providers/provider-billing.ts'
import type { PaymentProvider } from '../providers/provider.ts'
import { paypal } from '../providers/paypal.ts'
import { sandbox } from '../providers/sandbox.ts'

const HOUR_MS = 3_600_000

/** Subscriptions at a provider without keys for changes, whose answers get lost when told so. */
function openShop(more: Partial<SubscriptionCalls> = {}) {
  const clock = createFakeClock()
  const made: ProviderSubscription[] = []
  const changes: string[] = []
  let isLost = false
  const answer = (index: number, change: Partial<ProviderSubscription> = {}) => {
    const changed = { ...made[index], ...change } as ProviderSubscription
    made[index] = changed
    if (!isLost) return changed
    isLost = false
    throw new PaymentError('indeterminate', 'Cannot call: the answer was lost')
  }
  const act =
    (name: string, change: Partial<ProviderSubscription>, isPossible: () => boolean) =>
    async () => {
      if (!isPossible()) throw new PaymentError('conflict', `Cannot ${name}: its state`)
      changes.push(name)
      return answer(0, change)
    }
  const isActive = (): boolean => made[0]?.state === 'active'
  const base = sandbox().subscriptions
  if (base === undefined) throw new Error('the sandbox has no subscriptions')
  const calls: SubscriptionCalls = {
    ...base,
    create: async ({ subscriptionId, plan, quantity }) => {
      const subscription: ProviderSubscription = {
        reference: `ref_${made.length}`,
        state: 'active',
        plan,
        quantity,
        periodStart: null,
        periodEnd: null,
        trialEnd: null,
        cancelAtPeriodEnd: false,
        nextAction: null,
        changedAt: null,
        raw: subscriptionId,
      }
      return answer(made.push(subscription) - 1)
    },
    retrieve: async () => answer(0),
    pause: act('pause', { state: 'paused' }, isActive),
    resume: act('resume', { state: 'active' }, () => made[0]?.state === 'paused'),
    cancel: act('cancel', { state: 'canceled' }, isActive),
    ...more,
  }
  const provider: PaymentProvider = { ...sandbox(), subscriptions: calls }
  const payments = createPayments({ backend: memory({ clock }), providers: { provider }, clock })
  const lose = (): void => void (isLost = true)
  return { clock, payments, made, changes, lose }
}

const request = { operationId: 's', plan: 'gold', customer: 'c' }
test('create() makes no second subscription once the provider has forgotten the key of a lost answer', async () => {
  const shop = openShop({ find: async () => shop.made[0] ?? null })
  shop.lose()
  await expect(shop.payments.subscriptions.create(request)).rejects.toThrow('lost')
  await shop.clock.advance(25 * HOUR_MS)
  const found = await shop.payments.subscriptions.create(request)
  expect([found.reference, found.state, shop.made.length]).toEqual(['ref_0', 'active', 1])
})

test('create() says so where the provider cannot be asked for what it has made, and makes none', async () => {
  const { payments, clock, made, lose } = openShop()
  lose()
  await expect(payments.subscriptions.create(request)).rejects.toThrow('lost')
  await clock.advance(25 * HOUR_MS)
  await expect(payments.subscriptions.create(request)).rejects.toMatchObject({
    code: 'indeterminate',
  })
  expect(made.length).toBe(1)
})

test('create() makes it anew when the provider is sure that there is none', async () => {
  const { payments, clock, made } = openShop({
    find: async () => null,
    create: async () => {
      throw new PaymentError('indeterminate', 'Cannot call: never arrived')
    },
  })
  await expect(payments.subscriptions.create(request)).rejects.toThrow('never')
  await clock.advance(25 * HOUR_MS)
  await expect(payments.subscriptions.create(request)).rejects.toThrow('never')
  expect(made.length).toBe(0)
})

test('a lost answer to pause, resume or cancel is found by asking again, without keys at the provider', async () => {
  for (const verb of ['pause', 'resume', 'cancel'] as const) {
    const { payments, changes, lose } = openShop()
    const { id } = await payments.subscriptions.create(request)
    if (verb === 'resume') await payments.subscriptions.pause(id, { operationId: 'before' })
    const act = (): ReturnType<Payments['subscriptions']['pause']> =>
      verb === 'cancel'
        ? payments.subscriptions.cancel(id, { operationId: 'x', at: 'now' })
        : payments.subscriptions[verb](id, { operationId: 'x' })
    lose()
    await expect(act()).rejects.toMatchObject({ code: 'indeterminate' })
    const states = { pause: 'paused', resume: 'active', cancel: 'canceled' }
    expect((await act()).state).toBe(states[verb])
    expect(changes.filter((name) => name === verb)).toEqual([verb])
  }
})

test('an operation id may be called like what every object has', async () => {
  const { payments } = openShop()
  const { id } = await payments.subscriptions.create(request)
  for (const operationId of ['constructor', '__proto__', 'toString']) {
    await payments.subscriptions.pause(id, { operationId })
    const resumed = await payments.subscriptions.resume(id, { operationId: `${operationId}2` })
    expect(resumed.state).toBe('active')
  }
  const misspelt = { operationId: 'p', reason: 'x' }
  await expect(payments.subscriptions.pause(id, misspelt)).rejects.toMatchObject({
    code: 'invalid_request',
  })
})

/** PayPal with one subscription, as it stands in `present`. */
function openPaypal() {
  const present = { id: 'I-1', status: 'APPROVAL_PENDING', plan_id: 'gold' }
  const provider = paypal({
    clientId: 'c',
    clientSecret: 's',
    fetch: async (url) =>
      Response.json(
        url.endsWith('/token') ? { access_token: 'A', expires_in: 9000 } : { ...present },
      ),
  })
  const payments = createPayments({ backend: memory(), providers: { paypal: provider } })
  let events = 0
  const tell = (resource: { id: string; status: string }, custom: string, at = 5) =>
    payments.processPayment({
      id: `WH-${++events}`,
      event_type: 'BILLING.SUBSCRIPTION.UPDATED',
      create_time: new Date(at).toISOString(),
      resource: {
        plan_id: 'gold',
        ...resource,
        custom_id: custom,
        update_time: new Date(at).toISOString(),
      },
    })
  return { payments, present, tell }
}

test('a subscription of somebody else that bears our id changes nothing of ours', async () => {
  const { payments, tell } = openPaypal()
  const { id } = await payments.subscriptions.create(request)
  expect(await tell({ id: 'I-2', status: 'ACTIVE' }, id)).toMatchObject({ subscriptionId: null })
  expect((await payments.subscriptions.retrieve(id)).state).toBe('requires_action')
  expect(await tell({ id: 'I-1', status: 'ACTIVE' }, id)).toMatchObject({ subscriptionId: id })
  expect((await payments.subscriptions.retrieve(id)).state).toBe('active')
})

test('of two webhooks of one moment the provider says which is later', async () => {
  const { payments, present, tell } = openPaypal()
  const { id } = await payments.subscriptions.create(request)
  present.status = 'ACTIVE'
  await tell({ id: 'I-1', status: 'ACTIVE' }, id)
  await tell({ id: 'I-1', status: 'APPROVED' }, id)
  expect((await payments.subscriptions.retrieve(id)).state).toBe('active')
  await tell({ id: 'I-1', status: 'SUSPENDED' }, id, 6)
  expect((await payments.subscriptions.retrieve(id)).state).toBe('paused')
})
