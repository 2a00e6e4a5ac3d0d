import type { Money } from '../money/money.ts'
import { addMoney, minorMoney } from '../money/money.ts'
import { notFound } from '../intents/payment-store.ts'
import type { PaymentRecord, RefundEntry } from '../intents/payment-record.ts'
import type { RefundReason } from '../providers/provider-payment.ts'

/** Money that is given back. It has a life of its own: it may take days, and it may fail. */
export interface Refund {
  readonly id: string
  readonly paymentId: string
  readonly provider: string
  /** The provider's id; `null` until it is known. */
  readonly reference: string | null
  /** `indeterminate`: no answer came, `reconcile()` or the same call again finds out. */
  readonly state: 'indeterminate' | 'pending' | 'succeeded' | 'failed' | 'canceled'
  readonly amount: Money
  readonly reason: RefundReason
  /** Why it failed, in the provider's word. */
  readonly failure: string | null
  /** ms since 1970. */
  readonly createdAt: number
  readonly updatedAt: number
}

/** A refund as its callers see it. */
export function refundOf(record: PaymentRecord, id: string, entry: RefundEntry): Refund {
  return {
    id,
    paymentId: record.id,
    provider: record.provider,
    reference: entry.reference,
    state: entry.state === 'asked' ? 'indeterminate' : entry.state,
    amount: minorMoney(BigInt(entry.amount), record.currency),
    reason: reasonOf(entry.reason),
    failure: entry.failure,
    createdAt: entry.createdAt,
    updatedAt: entry.updatedAt,
  }
}

/** What was asked for at once: one entry, or one for each capture that gives. */
export function partsOf({ refunds }: PaymentRecord, id: string): [string, RefundEntry][] {
  return Object.entries(refunds).filter(([name, { of }]) => name === id || of === id)
}

/** A refund with all its parts: of those that were refused, the others say what was given back. */
export function refundOfParts(record: PaymentRecord, id: string): Refund {
  const parts = partsOf(record, id).map(([name, entry]) => refundOf(record, name, entry))
  const [first] = parts
  if (first === undefined) throw notFound(record.id)
  const made = parts.filter(({ state }) => state !== 'failed' && state !== 'canceled')
  if (parts.length === 1 || made.length === 0) return first
  const state = (['indeterminate', 'pending'] as const).find((open) =>
    made.some((part) => part.state === open),
  )
  return {
    ...first,
    state: state ?? 'succeeded',
    amount: addMoney(minorMoney(0n, record.currency), ...made.map(({ amount }) => amount)),
    failure: parts.find(({ failure }) => failure !== null)?.failure ?? null,
    updatedAt: Math.max(...parts.map(({ updatedAt }) => updatedAt)),
  }
}

function reasonOf(reason: string): RefundReason {
  return reason === 'requested_by_customer' || reason === 'duplicate' || reason === 'fraudulent'
    ? reason
    : 'other'
}

/** @returns The refunds of a payment, the oldest first */
export function refundsOf(record: PaymentRecord): Refund[] {
  return Object.entries(record.refunds)
    .map(([id, entry]) => refundOf(record, id, entry))
    .toSorted((left, right) => left.createdAt - right.createdAt)
}
