import { checkInteger } from '../../../primitives/check-range.ts'
import { canonicalJson } from '../../../primitives/canonical-json.ts'
import type { Idempotency } from '../../../runtime/coordination/idempotency/idempotency.ts'
import type { Json } from '../../../runtime/ports/json.ts'
import { readMoney, type MoneyInput } from '../money/money.ts'
import { callOnce } from '../operations/call-once.ts'
import { deriveId, deriveKey } from '../operations/derive-id.ts'
import {
  checkKeys,
  checkMetadata,
  checkOperationId,
  checkText,
  checkToken,
  checkUrl,
  invalid,
} from '../operations/check-request.ts'
import { findProvider, isCertainlyUndone, type PaymentContext } from '../payment-context.ts'
import { PaymentError } from '../payment-error.ts'
import type {
  ProviderPlan,
  ProviderSubscription,
  SubscriptionCalls,
  SubscriptionRequest,
} from '../providers/provider-billing.ts'
import type { CallTimes, ProviderCall } from '../providers/provider-payment.ts'
import type { BillingInterval } from './billing-period.ts'
import { prorate, type Proration } from './proration.ts'
import type { SubscriptionRecord, SubscriptionStore } from './subscription-store.ts'
import type { Subscription } from './subscription.ts'

/** What is sold again and again. */
export interface NewPlan {
  readonly operationId: string
  readonly provider?: string | undefined
  readonly name: string
  readonly amount: MoneyInput
  readonly interval: BillingInterval
  /** The provider's id of the product it belongs to, where there is one. */
  readonly product?: string | undefined
  /** Days before the first payment. */
  readonly trialDays?: number | undefined
  readonly signal?: AbortSignal | undefined
}

/** What a customer is to pay again and again. */
export interface NewSubscription {
  readonly operationId: string
  readonly provider?: string | undefined
  /** The provider's id of the plan or price. */
  readonly plan: string
  /** The provider's id of the customer. */
  readonly customer?: string | undefined
  readonly paymentMethod?: string | undefined
  /** 1 to 1,000,000. Default 1. */
  readonly quantity?: number | undefined
  /** When the first payment is due, ms since 1970. */
  readonly trialEnd?: number | undefined
  /** When periods begin, ms since 1970. */
  readonly anchor?: number | undefined
  readonly returnUrl?: string | undefined
  readonly cancelUrl?: string | undefined
  readonly metadata?: Readonly<Record<string, string>> | undefined
  readonly signal?: AbortSignal | undefined
}

/** Options of what changes a subscription. */
export interface SubscriptionChangeOptions {
  readonly operationId: string
  readonly signal?: AbortSignal | undefined
}

/** What changes about a subscription. */
export interface ChangeSubscriptionOptions extends SubscriptionChangeOptions {
  readonly plan?: string | undefined
  readonly quantity?: number | undefined
  /** What becomes of the part of the period that is left. Default `prorate`. */
  readonly proration?: 'prorate' | 'none' | 'invoice_now' | undefined
}

/** What a change would cost, for {@link Subscriptions.previewChange}. */
export interface PreviewOptions {
  /** Price × quantity of the whole period, before and after. */
  readonly from: MoneyInput
  readonly to: MoneyInput
  /** Default: now. */
  readonly at?: number | undefined
}

/** Subscriptions at whichever provider. */
export interface Subscriptions {
  create(request: NewSubscription): Promise<Subscription>
  /** @param options `refresh` asks the provider. Default false */
  retrieve(id: string, options?: { readonly refresh?: boolean }): Promise<Subscription>
  change(id: string, options: ChangeSubscriptionOptions): Promise<Subscription>
  /** What a change now would cost, by the period that is known; nothing is called. */
  previewChange(id: string, options: PreviewOptions): Promise<Proration>
  pause(id: string, options: SubscriptionChangeOptions): Promise<Subscription>
  resume(id: string, options: SubscriptionChangeOptions): Promise<Subscription>
  /** @param options `at`: `now` or `period_end`, the default */
  cancel(
    id: string,
    options: SubscriptionChangeOptions & { readonly at?: 'now' | 'period_end' | undefined },
  ): Promise<Subscription>
  /** Takes back a cancellation that has not taken effect. */
  reactivate(id: string, options: SubscriptionChangeOptions): Promise<Subscription>
}

const KEPT_OPERATIONS = 50

export function createSubscriptions(
  context: PaymentContext,
  store: SubscriptionStore,
): Subscriptions {
  async function create(request: NewSubscription): Promise<Subscription> {
    const action = 'create subscription'
    checkKeys(action, request, NEW_KEYS)
    const operationId = checkOperationId(action, request.operationId)
    const { name } = findProvider(context, action, request.provider)
    const { signal } = request
    const calls = callsOf(context, action, name)
    const id = await deriveId('sub', operationId)
    const asked = readSubscription(action, request, id)
    const kept = keptOf(asked)
    const fingerprint = await deriveKey(name, canonicalJson(kept))
    const now = context.clock.now()
    const { record, isNew } = await store.create({
      ...newRecord(asked, now),
      provider: name,
      fingerprint,
      request: kept,
    })
    if (record.fingerprint !== fingerprint)
      throw new PaymentError(
        'conflict',
        `Cannot ${action}: the operation id was used before for another one`,
        { provider: record.provider },
      )
    if (record.reference !== null) return subscriptionOf(record)
    const { idempotencyMs } = findProvider(context, action, name).provider.capabilities
    const how = { idempotencyKey: await deriveKey('subscribe', id, fingerprint), signal }
    if (now - record.createdAt >= idempotencyMs) {
      const called = { first: record.createdAt, last: record.calledAt }
      const found = await findForgotten(calls, asked, called, how)
      if (found !== null) return subscriptionOf(await store.keep(id, found))
      // The provider has none: the id is free, and its key is forgotten.
      await store.remove(id, ({ calledAt }) => calledAt === record.calledAt)
      return create(request)
    }
    if (!isNew) await store.change(id, (present) => ({ ...present, repeated: true, calledAt: now }))
    try {
      const seen = await calls.create(asked, how)
      return subscriptionOf(await store.keep(id, seen))
    } catch (error) {
      // Nothing came to be: the operation id is free for a corrected request.
      await store.remove(id, ({ repeated = false }) => isCertainlyUndone(error, repeated))
      throw error
    }
  }

  /** Carries a change out once for each operation id. */
  async function change(
    action: string,
    id: string,
    { operationId, signal }: SubscriptionChangeOptions,
    details: Json,
    isDone: (record: SubscriptionRecord) => boolean,
    call: (
      calls: SubscriptionCalls,
      reference: string,
      call: ProviderCall,
    ) => Promise<ProviderSubscription>,
  ): Promise<Subscription> {
    // Derived, so that an id may be called like what every object has.
    const operation = await deriveKey(checkOperationId(action, operationId))
    const fingerprint = canonicalJson([action, details])
    const record = await store.read(id)
    const calls = callsOf(context, action, record.provider)
    const known = record.operations[operation]
    if (known === `done:${fingerprint}`) return subscriptionOf(record)
    if (known !== undefined && known !== fingerprint)
      throw new PaymentError(
        'conflict',
        `Cannot ${action}: the operation id was used before for something else`,
        { provider: record.provider },
      )
    const { reference } = record
    if (reference === null)
      throw new PaymentError(
        'conflict',
        `Cannot ${action}: the provider does not have it yet, create it again under its operation id`,
        { provider: record.provider },
      )
    await note(id, operation, fingerprint)
    if (known !== undefined) {
      // Its answer was lost. Not every provider has keys for this: what it has now tells.
      const present = await store.keep(id, await calls.retrieve(reference, { signal }))
      if (isDone(present)) return subscriptionOf(await note(id, operation, `done:${fingerprint}`))
    }
    const idempotencyKey = await deriveKey(action, id, operation)
    try {
      await store.keep(id, await call(calls, reference, { idempotencyKey, signal }))
    } catch (error) {
      if (isCertainlyUndone(error, known !== undefined)) await note(id, operation, null)
      throw error
    }
    return subscriptionOf(await note(id, operation, `done:${fingerprint}`))
  }

  async function act(
    verb: 'pause' | 'resume' | 'reactivate',
    id: string,
    options: SubscriptionChangeOptions,
    isDone: (record: SubscriptionRecord) => boolean,
  ): Promise<Subscription> {
    const action = `${verb} subscription`
    checkKeys(action, options, ['operationId', 'signal'])
    return change(action, id, options, null, isDone, (calls, reference, call) =>
      supported(calls[verb], action).call(calls, reference, call),
    )
  }

  function note(id: string, operation: string, text: string | null): Promise<SubscriptionRecord> {
    return store.change(id, (record) => {
      const { [operation]: before, ...others } = record.operations
      if (before === text || (before === undefined && text === null)) return null
      const kept = Object.entries(others).slice(-KEPT_OPERATIONS)
      const next = text === null ? kept : [...kept, [operation, text] as const]
      return { ...record, operations: Object.fromEntries(next) }
    })
  }

  return {
    create,
    async retrieve(id, { refresh = false } = {}) {
      const record = await store.read(id)
      if (!refresh || record.reference === null) return subscriptionOf(record)
      const calls = callsOf(context, 'retrieve subscription', record.provider)
      return subscriptionOf(await store.keep(id, await calls.retrieve(record.reference, {})))
    },
    async change(id, options) {
      const action = 'change subscription'
      checkKeys(action, options, ['operationId', 'plan', 'quantity', 'proration', 'signal'])
      const { plan, quantity, proration = 'prorate' } = options
      if (plan === undefined && quantity === undefined)
        throw invalid(action, 'neither plan nor quantity is given')
      if (!['prorate', 'none', 'invoice_now'].includes(proration))
        throw invalid(action, 'proration is none of prorate, none, invoice_now')
      if (quantity !== undefined) checkInteger(action, 'quantity', quantity, 1, 1_000_000)
      checkToken(action, 'plan', plan)
      return change(
        action,
        id,
        options,
        [plan ?? null, quantity ?? null, proration],
        (record) =>
          (plan ?? record.plan) === record.plan &&
          (quantity ?? record.quantity) === record.quantity,
        (calls, reference, call) => calls.change(reference, { plan, quantity, proration }, call),
      )
    },
    async previewChange(id, options) {
      checkKeys('preview change', options, ['from', 'to', 'at'])
      const { from, to, at = context.clock.now() } = options
      const { periodStart, periodEnd } = await store.read(id)
      if (periodStart === null || periodEnd === null)
        throw new PaymentError(
          'unsupported',
          'Cannot preview change: the provider does not say when the period begins and ends',
        )
      return prorate({ from, to, periodStart, periodEnd, changeAt: at })
    },
    pause: (id, options) => act('pause', id, options, ({ state }) => state === 'paused'),
    resume: (id, options) =>
      act('resume', id, options, ({ state }) => state !== 'paused' && !hasEnded(state)),
    async cancel(id, options) {
      const action = 'cancel subscription'
      checkKeys(action, options, ['operationId', 'at', 'signal'])
      const { at = 'period_end' } = options
      if (at !== 'now' && at !== 'period_end')
        throw invalid(action, 'at is neither "now" nor "period_end"')
      const isDone = ({ state, cancelAtPeriodEnd }: SubscriptionRecord): boolean =>
        hasEnded(state) || (at === 'period_end' && cancelAtPeriodEnd)
      return change(action, id, options, at, isDone, (calls, reference, call) =>
        calls.cancel(reference, at, call),
      )
    },
    reactivate: (id, options) =>
      act(
        'reactivate',
        id,
        options,
        (record) => !record.cancelAtPeriodEnd && !hasEnded(record.state),
      ),
  }
}

/** Makes a plan at a provider, once for each operation id. */
export async function createPlan(
  context: PaymentContext,
  idempotency: Idempotency,
  request: NewPlan,
): Promise<ProviderPlan> {
  const action = 'create plan'
  checkKeys(action, request, PLAN_KEYS)
  const operationId = checkOperationId(action, request.operationId)
  const { name, provider } = findProvider(context, action, request.provider)
  const calls = callsOf(context, action, name)
  const amount = readMoney(request.amount)
  provider.checkAmount(amount)
  const { interval, trialDays, product } = request
  checkInteger(action, 'interval.count', interval?.count ?? 1, 1, 1000)
  if (!['day', 'week', 'month', 'year'].includes(interval?.unit))
    throw invalid(action, 'interval.unit is none of day, week, month, year')
  if (trialDays !== undefined) checkInteger(action, 'trialDays', trialDays, 0, 730)
  const plan = {
    name: checkText(action, 'name', request.name, 120) ?? 'plan',
    amount,
    interval,
    productReference: checkToken(action, 'product', product),
    trialDays,
  }
  return callOnce(idempotency, {
    action,
    provider: name,
    operationId,
    request: plan,
    signal: request.signal,
    call: (call) => calls.createPlan(plan, call),
  })
}

const NEW_KEYS = [
  'operationId',
  'provider',
  'plan',
  'customer',
  'paymentMethod',
  'quantity',
  'trialEnd',
  'anchor',
  'returnUrl',
  'cancelUrl',
  'metadata',
  'signal',
]

const PLAN_KEYS = [
  'operationId',
  'provider',
  'name',
  'amount',
  'interval',
  'product',
  'trialDays',
  'signal',
]

function readSubscription(
  action: string,
  request: NewSubscription,
  subscriptionId: string,
): SubscriptionRequest {
  const { trialEnd, anchor, quantity = 1 } = request
  const plan = checkToken(action, 'plan', request.plan)
  if (plan === undefined) throw invalid(action, 'plan is missing, the id of a plan expected')
  for (const [name, at] of Object.entries({ trialEnd, anchor }))
    if (at !== undefined) checkInteger(action, name, at, 0, 8.64e15)
  return {
    subscriptionId,
    plan,
    customer: checkToken(action, 'customer', request.customer),
    paymentMethod: checkToken(action, 'paymentMethod', request.paymentMethod),
    quantity: checkInteger(action, 'quantity', quantity, 1, 1_000_000),
    trialEnd,
    anchor,
    returnUrl: checkUrl(action, 'returnUrl', request.returnUrl),
    cancelUrl: checkUrl(action, 'cancelUrl', request.cancelUrl),
    metadata: checkMetadata(action, request.metadata),
  }
}

function newRecord(
  { subscriptionId, plan, quantity, metadata }: SubscriptionRequest,
  now: number,
): Omit<SubscriptionRecord, 'provider' | 'fingerprint' | 'request'> {
  return {
    id: subscriptionId,
    reference: null,
    state: 'indeterminate',
    plan,
    quantity,
    periodStart: null,
    periodEnd: null,
    trialEnd: null,
    cancelAtPeriodEnd: false,
    nextAction: null,
    metadata,
    createdAt: now,
    updatedAt: now,
    raw: null,
    changedAt: null,
    calledAt: now,
    operations: {},
  }
}

function keptOf(asked: SubscriptionRequest): { readonly [key: string]: Json } {
  const defined = Object.entries(asked).filter(([, value]) => value !== undefined)
  return Object.fromEntries(defined)
}

function subscriptionOf(record: SubscriptionRecord): Subscription {
  const { id, provider, reference, state, plan, quantity, periodStart, periodEnd } = record
  const { trialEnd, cancelAtPeriodEnd, nextAction, metadata, createdAt, updatedAt, raw } = record
  return {
    id,
    provider,
    reference,
    state,
    plan,
    quantity,
    periodStart,
    periodEnd,
    trialEnd,
    cancelAtPeriodEnd,
    nextAction,
    metadata,
    createdAt,
    updatedAt,
    raw,
  }
}

/** @throws PaymentError `indeterminate` when the provider cannot be asked for it */
async function findForgotten(
  calls: SubscriptionCalls,
  asked: SubscriptionRequest,
  called: CallTimes,
  how: ProviderCall,
): Promise<ProviderSubscription | null> {
  if (calls.find !== undefined) return calls.find(asked, called, how)
  throw new PaymentError(
    'indeterminate',
    'Cannot find subscription: its answer was lost too long ago to be asked for again, the provider’s dashboard tells whether it is there',
  )
}

function hasEnded(state: SubscriptionRecord['state']): boolean {
  return state === 'canceled' || state === 'expired'
}

function callsOf(context: PaymentContext, action: string, name: string): SubscriptionCalls {
  const { provider } = findProvider(context, action, name)
  if (provider.subscriptions !== undefined) return provider.subscriptions
  throw new PaymentError('unsupported', `Cannot ${action}: ${provider.name} has no subscriptions`, {
    provider: name,
  })
}

function supported<Call>(call: Call | undefined, action: string): Call {
  if (call !== undefined) return call
  throw new PaymentError('unsupported', `Cannot ${action}: the provider cannot do that`)
}
