import { jsonBytes } from '../operations/json-bytes.ts'
import { isJsonObject } from '../../../runtime/coordination/json-object.ts'
import type { Json } from '../../../runtime/ports/json.ts'
import { minorMoney, type Money } from '../money/money.ts'
import type { ProviderDispute } from '../providers/provider-billing.ts'
import type {
  NextAction,
  PaymentState,
  ProviderCapture,
  ProviderPayment,
  ProviderRefund,
  ProviderRisk,
} from '../providers/provider-payment.ts'
import type { Payment } from './payment.ts'
import { decideState } from './payment-state.ts'

/** What is kept of a payment: JSON, amounts as minor units in texts. */
export interface PaymentRecord {
  readonly id: string
  readonly provider: string
  readonly fingerprint: string
  /** What the provider was or will be asked for, frozen with its key: a retry never differs. */
  readonly request: { readonly [key: string]: Json }
  /** Attempts at creating it, from 1: a declined one is followed by one under another key. */
  readonly attempt: number
  /** When the current attempt was called for at first and at last, ms since 1970. */
  readonly attemptAt: number
  readonly calledAt: number
  /** The confirmation that began the current attempt, and what it asked for. */
  readonly confirmation?: { readonly operation: string; readonly fingerprint: string }
  /** The attempt that was called for more than once; absent where none was. */
  readonly repeated?: number
  /** The attempt whose only call has ended, without an answer. */
  readonly unanswered?: number
  /** Whether it is paid on a page of the provider's; absent otherwise. */
  readonly isPage?: boolean
  readonly reference: string | null
  readonly aliases: readonly string[]
  readonly state: PaymentState
  readonly currency: string
  readonly amount: string
  readonly authorized: string
  readonly captured: string
  /** As the provider says. */
  readonly providerRefunded: string
  readonly nextAction: NextAction | null
  readonly decline: { readonly code: string; readonly advice?: string } | null
  readonly risk: ProviderRisk
  readonly changedAt: number | null
  readonly handles: Readonly<Record<string, string>>
  /** Where a refund is of one capture: by their ids, minor units. Absent elsewhere. */
  readonly captures?: Readonly<Record<string, { amount: string; refunded: string }>>
  readonly metadata: Readonly<Record<string, string>>
  readonly refunds: Readonly<Record<string, RefundEntry>>
  readonly disputes: Readonly<Record<string, DisputeEntry>>
  readonly operations: Readonly<Record<string, OperationEntry>>
  /** Since when something about it is not known, and when to look for it; absent when all is. */
  readonly open?: { readonly since: number; readonly due: number }
  /** How many entries its audit trail has. */
  readonly audits: number
  readonly createdAt: number
  readonly updatedAt: number
  readonly version: number
  /** The version with which it came into its state. */
  readonly stateSince: number
  readonly raw: Json
}

/**
 * A refund within its payment's record. It holds its amount back from the moment it is asked for.
 */
export interface RefundEntry {
  readonly amount: string
  /** `asked`: no answer is known yet. */
  readonly state: 'asked' | ProviderRefund['state']
  readonly reference: string | null
  readonly fingerprint: string
  readonly reason: string
  readonly failure: string | null
  /** The capture that it is of, where that is known. */
  readonly capture?: string
  /** The refund that it was asked for with, where that takes more than one capture. */
  readonly of?: string
  /** Whether it was called for more than once. */
  readonly repeated?: boolean
  readonly createdAt: number
  readonly updatedAt: number
}

/** A dispute within its payment's record. */
export interface DisputeEntry {
  readonly amount: string
  readonly state: ProviderDispute['state']
  /** When the provider said so, ms since 1970. */
  readonly at?: number
}

/** A capture, cancellation or confirmation that was begun. */
export interface OperationEntry {
  readonly kind: 'capture' | 'cancel' | 'confirm'
  readonly fingerprint: string
  readonly state: 'started' | 'done'
  /** What it is to capture, minor units. */
  readonly amount?: string
  /** What had been captured when it began. */
  readonly before?: string
  readonly startedAt: number
}

const RAW_BYTES = 65_536

/** @returns The record in a store's value, or `null` when it is none */
export function readPaymentRecord(value: Json | undefined): PaymentRecord | null {
  if (value === undefined || !isJsonObject(value) || typeof value['id'] !== 'string') return null
  // Nobody but this file's functions writes these keys.
  return value as unknown as PaymentRecord
}

/** The record as JSON. */
export function paymentJson(record: PaymentRecord): Json {
  return record as unknown as Json
}

/** @param record As kept */
export function moneyOf(record: PaymentRecord, minor: string): Money {
  return minorMoney(BigInt(minor), record.currency)
}

/** What the provider's answer, event or reply to a question changes about what is known. */
export function withProviderPayment(
  record: PaymentRecord,
  seen: ProviderPayment,
  source: 'report' | 'reconcile',
): PaymentRecord {
  const state = decideState(record, seen, source)
  const current = state === seen.state
  const changedAt =
    current && seen.changedAt !== null
      ? Math.max(record.changedAt ?? seen.changedAt, seen.changedAt)
      : record.changedAt
  return {
    ...record,
    reference: record.reference ?? seen.reference,
    aliases: [...new Set([...record.aliases, ...seen.alsoKnownAs])],
    state,
    changedAt,
    authorized: larger(record.authorized, seen.authorized.minor),
    captured: larger(record.captured, seen.captured.minor),
    providerRefunded: refundedOf(record.providerRefunded, seen.refunded, source),
    handles: { ...record.handles, ...seen.handles },
    ...(seen.captures !== undefined && { captures: capturesOf(record, seen.captures) }),
    ...(current && {
      nextAction: seen.nextAction,
      decline: declineOf(seen.decline),
      risk: seen.risk.level === 'unknown' ? record.risk : seen.risk,
      raw: jsonBytes(seen.raw) > RAW_BYTES ? null : seen.raw,
    }),
  }
}

/** Whether two say the same. */
export function isSameRecord(left: PaymentRecord, right: PaymentRecord): boolean {
  return JSON.stringify(left) === JSON.stringify(right)
}

/** What is being given back and what was, minor units. */
export function refundedMinor(record: PaymentRecord): { done: bigint; held: bigint } {
  let done = 0n
  let held = 0n
  for (const { state, amount } of Object.values(record.refunds)) {
    if (state === 'succeeded') done += BigInt(amount)
    else if (state === 'asked' || state === 'pending') held += BigInt(amount)
  }
  // Refunds made at the provider's own site are known by their sum alone.
  const told = BigInt(record.providerRefunded)
  if (told > done + held) return { done: told - held, held }
  return { done, held }
}

/** The payment as its callers see it. */
export function paymentOf(record: PaymentRecord): Payment {
  const money = (minor: bigint): Money => minorMoney(minor, record.currency)
  const { done, held } = refundedMinor(record)
  const captured = BigInt(record.captured)
  const left = captured - done - held
  let disputed = 0n
  for (const { state, amount } of Object.values(record.disputes))
    if (holdsMoney(state)) disputed += BigInt(amount)
  return {
    id: record.id,
    provider: record.provider,
    reference: record.reference,
    state: record.state,
    amount: moneyOf(record, record.amount),
    amounts: {
      authorized: moneyOf(record, record.authorized),
      captured: money(captured),
      refunded: money(done),
      disputed: money(disputed),
    },
    refundable: money(left > 0n ? left : 0n),
    underpaid:
      record.state === 'succeeded' && captured < BigInt(record.amount) && !captures(record),
    nextAction: record.nextAction,
    decline: record.decline,
    risk: record.risk,
    metadata: record.metadata,
    createdAt: record.createdAt,
    updatedAt: record.updatedAt,
    version: record.version,
    raw: record.raw,
  }
}

function capturesOf(
  { captures }: PaymentRecord,
  seen: readonly ProviderCapture[],
): NonNullable<PaymentRecord['captures']> {
  const merged = { ...captures }
  for (const { reference, amount, refunded } of seen)
    merged[reference] = {
      amount: amount.minor.toString(),
      refunded: refunded.minor.toString(),
    }
  return merged
}

function holdsMoney(state: ProviderDispute['state']): boolean {
  return ['needs_response', 'under_review', 'lost', 'accepted'].includes(state)
}

/** Whether less than all was captured on purpose. */
function captures({ request }: PaymentRecord): boolean {
  return request['capture'] === 'manual'
}

function declineOf(decline: ProviderPayment['decline']): PaymentRecord['decline'] {
  if (decline === null) return null
  const { code, advice } = decline
  return { code, ...(advice !== undefined && { advice }) }
}

/** A refund that fails after all makes it less: what was asked for just now is right. */
function refundedOf(known: string, seen: Money | null, source: 'report' | 'reconcile'): string {
  if (seen === null) return known
  return source === 'reconcile' ? seen.minor.toString() : larger(known, seen.minor)
}

function larger(known: string, seen: bigint): string {
  return BigInt(known) > seen ? known : seen.toString()
}
