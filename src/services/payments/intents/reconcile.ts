import { ask, keepRefund } from '../refunds/refund-payment.ts'
import { findProvider, handleOf, keepSeen, type PaymentContext } from '../payment-context.ts'
import { attemptKey, callsOf, nextAttempt, requestOf } from './create-payment.ts'
import type { Payment } from './payment.ts'
import { paymentOf, type OperationEntry, type PaymentRecord } from './payment-record.ts'
import { notFound } from './payment-store.ts'

/** What {@link reconcileAll} found. */
export interface ReconcileReport {
  /** Payments that were looked at. */
  readonly looked: number
  /** Of these, nothing is open any more. */
  readonly settled: number
  /** Those of which nothing could be found out now, with why. */
  readonly failed: readonly { readonly id: string; readonly error: unknown }[]
}

const RECENT_MS = 60_000

/**
 * Asks the provider how a payment, its refunds and what was begun on it stand, and keeps that.
 *
 * @throws PaymentError when the provider cannot be asked
 */
export async function reconcile(
  context: PaymentContext,
  id: string,
  signal?: AbortSignal,
): Promise<Payment> {
  const record = typeof id === 'string' ? await context.store.read(id) : null
  if (record === null) throw notFound(id)
  const { provider } = findProvider(context, 'reconcile payment', record.provider)
  const cause = { action: 'reconcile' }
  if (record.reference === null) {
    const { checkout } = record.handles
    if (checkout !== undefined) {
      const seen = await provider.findCheckout?.(checkout, { signal })
      if (seen === undefined || seen === null) return paymentOf(record)
      return keepSeen(context, id, cause, seen, 'reconcile')
    }
    if (record.state !== 'indeterminate') return paymentOf(record)
    if (record.isPage === true) return pageIsOpen(context, record)
    const idempotencyKey = await attemptKey(record)
    const seen = await provider.findPayment(requestOf(record), callsOf(record), {
      idempotencyKey,
      signal,
    })
    if (seen !== null) return keepSeen(context, id, cause, seen, 'reconcile')
    // What is not there may be on its way. Were it called for anew, it would be paid twice.
    const hasEnded = record.unanswered === record.attempt && record.repeated !== record.attempt
    const calledMs = context.clock.now() - record.calledAt
    if (!hasEnded && calledMs < (provider.timeoutMs ?? 0)) return paymentOf(record)
    // There is none: whoever wants it may try again, and must not meet the key of before.
    const again = await nextAttempt(context, record)
    const { before, after } = await context.store.change(id, cause, (present) =>
      present.attempt === again.record.attempt && present.reference === null
        ? { ...present, state: 'requires_payment_method' }
        : null,
    )
    await context.changed(before, after)
    return paymentOf(after)
  }
  const seen = await provider.retrievePayment(handleOf(record), { signal })
  const kept = await keepSeen(context, id, cause, seen, 'reconcile', (present) =>
    withoutOpenOperations(present, context.clock.now() - RECENT_MS),
  )
  for (const [refundId, refund] of Object.entries(record.refunds)) {
    if (refund.state === 'asked') await ask(context, record, refundId, signal, false)
    else if (refund.state === 'pending' && refund.reference !== null)
      await keepRefund(
        context,
        id,
        refundId,
        await provider.retrieveRefund(refund.reference, { signal }),
      )
  }
  const after = await context.store.read(id)
  return after === null ? kept : paymentOf(after)
}

/** A page that nobody has the address of is paid by nobody: who asks for it again gets it. */
async function pageIsOpen(context: PaymentContext, record: PaymentRecord): Promise<Payment> {
  const { after } = await context.store.change(record.id, { action: 'reconcile' }, (present) =>
    present.state === 'indeterminate' && present.reference === null
      ? { ...present, state: 'requires_payment_method' }
      : null,
  )
  return paymentOf(after)
}

/**
 * Reconciles what has been open for a minute or more, the most overdue first. What stays open comes
 * again later, so that nothing that takes days keeps others from their turn.
 */
export async function reconcileAll(
  context: PaymentContext,
  limit: number,
  signal?: AbortSignal,
): Promise<ReconcileReport> {
  const open = await context.store.listOpen(limit)
  let looked = 0
  let settled = 0
  const failed: { id: string; error: unknown }[] = []
  for (const { id, due } of open) {
    signal?.throwIfAborted()
    if (due > context.clock.now()) break
    looked++
    try {
      const { state } = await reconcile(context, id, signal)
      if (state !== 'indeterminate' && state !== 'processing') settled++
    } catch (error) {
      failed.push({ id, error })
    }
    await context.store.postpone(id)
  }
  return { looked, settled, failed }
}

/**
 * What the provider shows is what became of everything begun long enough ago: a capture that is not
 * there will not come any more, and may be asked for under a new operation id.
 */
function withoutOpenOperations(record: PaymentRecord, before: number): PaymentRecord {
  const operations = Object.entries(record.operations).flatMap(
    ([name, operation]): readonly (readonly [string, OperationEntry])[] => {
      if (operation.state === 'done') return [[name, operation]]
      if (isVisible(record, operation)) return [[name, { ...operation, state: 'done' }]]
      // One that began just now may be under way.
      return operation.startedAt > before ? [[name, operation]] : []
    },
  )
  return { ...record, operations: Object.fromEntries(operations) }
}

function isVisible(record: PaymentRecord, { kind, before = '0', amount }: OperationEntry): boolean {
  switch (kind) {
    case 'capture':
      return BigInt(record.captured) >= BigInt(before) + BigInt(amount ?? '1')
    case 'cancel':
      return record.state === 'canceled'
    case 'confirm':
      return ['processing', 'requires_capture', 'succeeded'].includes(record.state)
  }
}
