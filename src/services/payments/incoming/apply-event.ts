import { IdempotencyInProgressError } from '../../../runtime/coordination/idempotency/idempotency-in-progress-error.ts'
import type { Idempotency } from '../../../runtime/coordination/idempotency/idempotency.ts'
import { paymentOf, withProviderPayment, type PaymentRecord } from '../intents/payment-record.ts'
import { handleOf, keepSeen, type PaymentContext } from '../payment-context.ts'
import { refundOf } from '../refunds/refund.ts'
import { withRefund } from '../refunds/refund-payment.ts'
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
    changed: async (before, after) => {
      for (const step of transitionsOf(before, after, options.provider.live))
        await callHandler(step, options)
    },
  }
  const { providerName, subscriptions } = options
  const found = await findPayment(context, event, providerName)
  const record = found === null ? null : await takeIn(context, found, event, options)
  const subscriptionId = event.subscription
    ? await subscriptions.takeIn(providerName, event.subscription, event.subscriptionId ?? null)
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
  return { event: told, handled: await callHandler(told, options) }
}

/**
 * Calls the handler of an event.
 *
 * Of what can happen but once to a payment, whichever report is first calls it, and no other does.
 *
 * @throws What the handler throws
 */
export async function callHandler(
  event: PaymentEvent,
  { handlers, idempotency, signal }: Pick<ApplyEventOptions, 'handlers' | 'idempotency' | 'signal'>,
): Promise<AppliedEvent['handled']> {
  const own = Object.hasOwn(handlers, event.type) ? handlers[event.type] : undefined
  const handler = own ?? handlers['*']
  if (handler === undefined) return 'nobody'
  let handled: AppliedEvent['handled'] = 'before'
  try {
    await idempotency.run(
      onceKey(event),
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
 * What a change of the record means in words of events, so that an answer tells it like a webhook.
 */
export function transitionsOf(
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
function onceKey({ type, payment, paymentReference, refund, provider, id }: PaymentEvent): string {
  if (refund !== null && type.startsWith('refund.'))
    return `handler/${type}/${refund.id}/${refund.state}`
  if (ONCE.includes(type)) {
    if (payment !== null) return `handler/${type}/${payment.id}`
    if (paymentReference !== null) return `handler/${type}/${provider}/${paymentReference}`
  }
  return `handler/${type}/${provider}/event/${id}`
}

/** What can happen but once to a payment. */
const ONCE: readonly PaymentEventType[] = [
  'payment.succeeded',
  'payment.canceled',
  'payment.authorized',
  'payment.created',
]

async function findPayment(
  { store }: PaymentContext,
  { paymentId, paymentReference, refund, dispute }: ProviderEvent,
  provider: string,
): Promise<PaymentRecord | null> {
  if (paymentId !== null) {
    const record = await store.read(paymentId)
    if (record?.provider === provider) return record
  }
  const names = [paymentReference, refund?.reference, dispute?.paymentReference]
  for (const name of names) {
    if (name === undefined || name === null) continue
    const record = await store.find(provider, name)
    if (record !== null) return record
  }
  return null
}

async function takeIn(
  context: PaymentContext,
  record: PaymentRecord,
  event: ProviderEvent,
  { provider, signal }: ApplyEventOptions,
): Promise<PaymentRecord> {
  const cause = { action: event.type, cause: event.id }
  const reference = record.reference ?? event.paymentReference
  // What it embeds may be a part of the payment only, and no webhook answers a lost call: both are
  // good moments to ask. Where the call's answer was lost, the whole object is what it made.
  const isPart = event.type.startsWith('payment.') && event.payment === undefined
  const isLost = record.state === 'indeterminate'
  if (reference !== null && (isPart || (isLost && record.reference !== null))) {
    const handle = handleOf({ ...record, reference })
    const seen = await provider.retrievePayment(handle, { signal })
    await keepSeen(context, record.id, cause, seen, 'reconcile')
  } else if (isLost && event.payment !== undefined) {
    await keepSeen(context, record.id, cause, event.payment, 'reconcile')
  }
  const { before, after } = await context.store.change(record.id, cause, (present) => {
    let next =
      event.payment === undefined ? present : withProviderPayment(present, event.payment, 'report')
    if (event.refund !== undefined) next = withSeenRefund(next, event, context.clock.now())
    if (event.dispute !== undefined) next = withDispute(next, event)
    return next === present || isSame(next, present) ? null : next
  })
  await context.changed(before, after)
  return after
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

function withDispute(record: PaymentRecord, { dispute }: ProviderEvent): PaymentRecord {
  if (dispute === undefined) return record
  const known = record.disputes[dispute.reference]
  const ended = known !== undefined && ['won', 'lost', 'accepted'].includes(known.state)
  const entry = {
    amount: dispute.amount.minor.toString(),
    state: ended && !['won', 'lost'].includes(dispute.state) ? known.state : dispute.state,
  }
  if (known?.state === entry.state && known.amount === entry.amount) return record
  return { ...record, disputes: { ...record.disputes, [dispute.reference]: entry } }
}

function isSame(left: PaymentRecord, right: PaymentRecord): boolean {
  return JSON.stringify(left) === JSON.stringify(right)
}
