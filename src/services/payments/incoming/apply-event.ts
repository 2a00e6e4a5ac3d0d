import { IdempotencyInProgressError } from '../../../runtime/coordination/idempotency/idempotency-in-progress-error.ts'
import type { Idempotency } from '../../../runtime/coordination/idempotency/idempotency.ts'
import {
  isSameRecord,
  paymentOf,
  withProviderPayment,
  type PaymentRecord,
} from '../intents/payment-record.ts'
import { handleOf, keepSeen, type PaymentContext } from '../payment-context.ts'
import { PaymentError } from '../payment-error.ts'
import { refundOf } from '../refunds/refund.ts'
import { withRefund } from '../refunds/refund-payment.ts'
import type { ProviderSubscription } from '../providers/provider-billing.ts'
import type { ProviderPayment } from '../providers/provider-payment.ts'
import type { PaymentEventType, PaymentProvider, ProviderEvent } from '../providers/provider.ts'
import type { SubscriptionStore } from '../subscriptions/subscription-store.ts'
import type { PaymentEvent, PaymentEventHandlers } from './payment-event.ts'

/** What {@link applyEvent} needs beside the payment's context. */
export interface ApplyEventOptions {
  readonly providerName: string
  readonly provider: PaymentProvider
  readonly subscriptions: SubscriptionStore
  readonly idempotency: Idempotency
  readonly handlers: PaymentEventHandlers
  /** Hears of events that name a payment of ours and are of another. */
  readonly onError: (error: unknown) => void
  readonly signal?: AbortSignal | undefined
}

/**
 * What came of an event: whether its handler was called now, before, or is being called elsewhere.
 */
export interface AppliedEvent {
  readonly event: PaymentEvent
  readonly handled: 'now' | 'before' | 'elsewhere' | 'nobody'
}

/**
 * Takes in what a verified webhook tells: keeps it, and calls the handlers of what it means, once.
 *
 * @throws What a handler throws; it is called again with the next report
 */
export async function applyEvent(
  given: PaymentContext,
  event: ProviderEvent,
  options: ApplyEventOptions,
): Promise<AppliedEvent> {
  const context: PaymentContext = {
    ...given,
    changed: (before, after) => tellChange(before, after, options.provider.live, options),
  }
  const { providerName } = options
  const found = await findNamed(context, event, options)
  const record = found === null ? null : await takeIn(context, found, event, options)
  const subscriptionId = event.subscription
    ? await takeInSubscription(event.subscription, event, options)
    : null
  const refundEntry = record === null ? undefined : refundEntryOf(record, event)
  const told: PaymentEvent = {
    type: event.type,
    id: event.id,
    provider: providerName,
    occurredAt: event.occurredAt,
    live: event.live,
    payment: record === null ? null : paymentOf(record),
    paymentReference: record?.reference ?? event.payment?.reference ?? event.paymentReference,
    refund:
      record === null || refundEntry === undefined
        ? null
        : refundOf(record, refundEntry[0], refundEntry[1]),
    dispute: event.dispute ?? null,
    subscription: event.subscription ?? null,
    subscriptionId,
    providerType: event.providerType,
    raw: event.raw,
  }
  if (record !== null && !isBorneOut(event.type, record)) return { event: told, handled: 'nobody' }
  return { event: told, handled: await callHandler(told, options, onceKey(told, record)) }
}

/**
 * Calls the handler of an event.
 *
 * Of what can happen but once to a payment, whichever report is first calls it, and no other does.
 *
 * @throws What the handler throws
 */
async function callHandler(
  event: PaymentEvent,
  { handlers, idempotency, signal }: Pick<ApplyEventOptions, 'handlers' | 'idempotency' | 'signal'>,
  key: string,
): Promise<AppliedEvent['handled']> {
  const own = Object.hasOwn(handlers, event.type) ? handlers[event.type] : undefined
  const handler = own ?? handlers['*']
  if (handler === undefined) return 'nobody'
  let handled: AppliedEvent['handled'] = 'before'
  try {
    await idempotency.run(
      key,
      'handler',
      async () => {
        await handler(event)
        handled = 'now'
        return null
      },
      signal === undefined ? {} : { signal },
    )
  } catch (error) {
    if (!(error instanceof IdempotencyInProgressError)) throw error
    handled = 'elsewhere'
  }
  return handled
}

/**
 * Calls the handlers of what a change of the record means.
 *
 * @param failed Told of what a handler throws. Default: it is thrown
 */
export async function tellChange(
  before: PaymentRecord | null,
  after: PaymentRecord,
  live: boolean,
  options: Pick<ApplyEventOptions, 'handlers' | 'idempotency' | 'signal'>,
  failed?: (error: unknown) => void,
): Promise<void> {
  for (const event of transitionsOf(before, after, live))
    try {
      await callHandler(event, options, onceKey(event, after))
    } catch (error) {
      if (failed === undefined) throw error
      failed(error)
    }
}

/** What a change means in words of events, so that an answer tells it like a webhook. */
function transitionsOf(
  before: PaymentRecord | null,
  after: PaymentRecord,
  live: boolean,
): readonly PaymentEvent[] {
  const base = {
    provider: after.provider,
    occurredAt: after.updatedAt,
    live,
    payment: paymentOf(after),
    paymentReference: after.reference,
    refund: null,
    dispute: null,
    subscription: null,
    subscriptionId: null,
    providerType: '',
    raw: after.raw,
  }
  const type = before?.state === after.state ? undefined : STATE_EVENTS[after.state]
  const refunds = Object.entries(after.refunds).flatMap(([id, entry]): PaymentEvent[] => {
    const known = before?.refunds[id]?.state
    if (known === entry.state || entry.state === 'asked') return []
    const kind = entry.state === 'failed' ? 'refund.failed' : 'refund.updated'
    return [
      {
        ...base,
        type: known === undefined || known === 'asked' ? firstOf(kind) : kind,
        id: `${id}:${entry.state}`,
        refund: refundOf(after, id, entry),
      },
    ]
  })
  return [...(type === undefined ? [] : [{ ...base, type, id: `${after.id}:${type}` }]), ...refunds]
}

const STATE_EVENTS: Partial<Record<PaymentRecord['state'], PaymentEventType>> = {
  requires_action: 'payment.requires_action',
  processing: 'payment.processing',
  requires_capture: 'payment.authorized',
  succeeded: 'payment.succeeded',
  failed: 'payment.failed',
  canceled: 'payment.canceled',
}

function firstOf(kind: 'refund.failed' | 'refund.updated'): PaymentEventType {
  return kind === 'refund.failed' ? kind : 'refund.created'
}

/** Events that say the same of the same thing have the same key. */
function onceKey(
  { type, paymentReference, refund, provider, id }: PaymentEvent,
  record: PaymentRecord | null,
): string {
  if (refund !== null && type.startsWith('refund.'))
    return `handler/${type}/${refund.id}/${refund.state}`
  if (ONCE.includes(type)) {
    if (record !== null) return `handler/${type}/${record.id}`
    if (paymentReference !== null) return `handler/${type}/${provider}/${paymentReference}`
  }
  // A payment can come into the other states several times, and be declined without leaving one.
  if (record !== null && Object.hasOwn(BEARING, type) && record.state !== 'requires_payment_method')
    return `handler/${type}/${record.id}/${record.stateSince}`
  return `handler/${type}/${provider}/event/${id}`
}

/**
 * The states that bear out what an event says of a payment of ours. Others tell of a part of it, of
 * what is over, or of something that somebody else has given our id: nobody is to act on those.
 */
const BEARING: Readonly<Partial<Record<PaymentEventType, readonly PaymentRecord['state'][]>>> = {
  'payment.requires_action': ['requires_action'],
  'payment.processing': ['processing', 'requires_confirmation'],
  'payment.authorized': ['requires_capture', 'succeeded'],
  'payment.succeeded': ['succeeded'],
  'payment.failed': ['failed', 'requires_payment_method'],
  'payment.canceled': ['canceled', 'expired'],
}

function isBorneOut(type: PaymentEventType, { state }: PaymentRecord): boolean {
  return !Object.hasOwn(BEARING, type) || BEARING[type]?.includes(state) === true
}

/** What can happen but once to a payment. */
const ONCE: readonly PaymentEventType[] = [
  'payment.succeeded',
  'payment.canceled',
  'payment.authorized',
  'payment.created',
]

/** The payment of ours that an event names, by the provider's ids or by ours. */
async function findNamed(
  context: PaymentContext,
  event: ProviderEvent,
  { providerName: provider, onError }: ApplyEventOptions,
): Promise<PaymentRecord | null> {
  const { store } = context
  const { paymentId, paymentReference, payment, refund, dispute } = event
  if (paymentId !== null) {
    const record = await store.read(paymentId)
    if (record?.provider === provider) {
      if (mayBeOf(record, event)) return record
      onError(
        new PaymentError(
          'conflict',
          'Cannot take event in: it names a payment that the provider has under another id or of another amount',
          { provider, paymentId: record.id },
        ),
      )
      return null
    }
  }
  const names = [
    paymentReference,
    ...(payment?.alsoKnownAs ?? []),
    refund?.reference,
    dispute?.paymentReference,
  ]
  for (const name of names) {
    if (name === undefined || name === null) continue
    const record = await store.find(provider, name)
    if (record !== null) return record
  }
  return null
}

/**
 * Whether a payment that an event embeds may be this one. Our id alone does not tell: in a browser,
 * or on a connected account, others can make payments that bear it.
 */
function mayBeOf(record: PaymentRecord, { payment }: ProviderEvent): boolean {
  if (payment === undefined) return true
  const { reference, aliases } = record
  if (reference !== null) return [reference, ...aliases].includes(payment.reference)
  // What failed is an attempt that came to nothing, maybe one before the present one.
  return isAsAsked(record, payment) && payment.state !== 'failed'
}

function isAsAsked(record: PaymentRecord, { amount }: ProviderPayment): boolean {
  return amount.currency === record.currency && amount.minor === BigInt(record.amount)
}

async function takeIn(
  context: PaymentContext,
  record: PaymentRecord,
  event: ProviderEvent,
  { provider, signal }: ApplyEventOptions,
): Promise<PaymentRecord> {
  const cause = { action: event.type, cause: event.id }
  const reference = record.reference ?? (record.isPage === true ? null : event.paymentReference)
  // What it embeds may be a part of the payment only, and no webhook answers a lost call: both are
  // good moments to ask. Where the call's answer was lost, the whole object is what it made.
  const isPart = event.type.startsWith('payment.') && event.payment === undefined
  const isLost = record.state === 'indeterminate'
  if (reference !== null && (isPart || (isLost && record.reference !== null))) {
    const handle = handleOf({ ...record, reference })
    const seen = await provider.retrievePayment(handle, { signal })
    if (record.reference !== null || isAsAsked(record, seen))
      await keepSeen(context, record.id, cause, seen, 'reconcile')
  } else if (isLost && event.payment !== undefined) {
    await keepSeen(context, record.id, cause, event.payment, 'reconcile')
  }
  const { before, after } = await context.store.change(record.id, cause, (present) => {
    if (!mayBeOf(present, event)) return null
    let next =
      event.payment === undefined ? present : withProviderPayment(present, event.payment, 'report')
    if (event.refund !== undefined) next = withSeenRefund(next, event, context.clock.now())
    if (event.dispute !== undefined) next = withDispute(next, event)
    return next === present || isSameRecord(next, present) ? null : next
  })
  await context.changed(before, after)
  return after
}

async function takeInSubscription(
  seen: ProviderSubscription,
  { subscriptionId = null }: ProviderEvent,
  { providerName, provider, subscriptions, signal }: ApplyEventOptions,
): Promise<string | null> {
  const ask = async (): Promise<ProviderSubscription> =>
    (await provider.subscriptions?.retrieve(seen.reference, { signal })) ?? seen
  return subscriptions.takeIn(providerName, seen, subscriptionId, ask)
}

function withSeenRefund(record: PaymentRecord, event: ProviderEvent, now: number): PaymentRecord {
  const { refund } = event
  if (refund === undefined) return record
  const [id] = refundEntryOf(record, event) ?? []
  if (id !== undefined) return withRefund(record, id, refund, now) ?? record
  // Made at the provider's own site.
  const entry = {
    amount: refund.amount.minor.toString(),
    state: refund.state,
    reference: refund.reference,
    fingerprint: '',
    reason: 'other',
    failure: refund.failure,
    ...(refund.capture !== undefined && { capture: refund.capture }),
    createdAt: now,
    updatedAt: now,
  }
  return {
    ...record,
    aliases: [...new Set([...record.aliases, refund.reference])],
    refunds: { ...record.refunds, [`ext_${refund.reference}`]: entry },
  }
}

/**
 * The refund that an event is about: known by its reference or by our id, or where the provider
 * says neither, one of the amount whose answer was lost.
 */
function refundEntryOf(
  record: PaymentRecord,
  { refund, type }: ProviderEvent,
): readonly [string, PaymentRecord['refunds'][string]] | undefined {
  if (refund === undefined || !type.startsWith('refund.')) return undefined
  const entries = Object.entries(record.refunds)
  const known = entries.find(([, { reference }]) => reference === refund.reference)
  const { refundId } = refund
  if (known !== undefined || refundId === null) return known
  if (refundId !== undefined) return entries.find(([id]) => id === refundId)
  return entries.find(
    ([, { reference, state, amount }]) =>
      reference === null && state === 'asked' && BigInt(amount) === refund.amount.minor,
  )
}

function withDispute(record: PaymentRecord, { dispute, occurredAt }: ProviderEvent): PaymentRecord {
  if (dispute === undefined) return record
  const known = record.disputes[dispute.reference]
  const ended = known !== undefined && ['won', 'lost', 'accepted'].includes(known.state)
  if (known?.at !== undefined && occurredAt < known.at) return record
  const isOwn = dispute.amount.currency === record.currency
  const entry = {
    // In another currency than was paid in, all that was captured is taken to be disputed.
    amount: isOwn ? dispute.amount.minor.toString() : record.captured,
    state: ended && !['won', 'lost'].includes(dispute.state) ? known.state : dispute.state,
    at: occurredAt,
  }
  if (known?.state === entry.state && known.amount === entry.amount) return record
  return { ...record, disputes: { ...record.disputes, [dispute.reference]: entry } }
}
