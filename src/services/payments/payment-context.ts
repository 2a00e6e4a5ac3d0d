import type { Clock } from '../../runtime/ports/platform/clock.ts'
import type { RandomSource } from '../../runtime/ports/platform/random-source.ts'
import type { FraudCheck } from './fraud/fraud-check.ts'
import type { Payment } from './intents/payment.ts'
import {
  isSameRecord,
  moneyOf,
  paymentOf,
  withProviderPayment,
  type PaymentRecord,
} from './intents/payment-record.ts'
import type { ChangeCause, PaymentStore } from './intents/payment-store.ts'
import { PaymentError, type PaymentErrorCode } from './payment-error.ts'
import type { PaymentHandle, ProviderPayment } from './providers/provider-payment.ts'
import type { PaymentProvider } from './providers/provider.ts'

/** What every part of the payments service works with. */
export interface PaymentContext {
  readonly providers: ReadonlyMap<string, PaymentProvider>
  readonly store: PaymentStore
  readonly fraud: FraudCheck | null
  readonly clock: Clock
  readonly random: RandomSource
  /** Told of each change, once it is kept. */
  readonly changed: (before: PaymentRecord | null, after: PaymentRecord) => Promise<void>
}

/**
 * @param name Default: the only one
 * @throws PaymentError `invalid_request` when there is none of this name
 */
export function findProvider(
  { providers }: Pick<PaymentContext, 'providers'>,
  action: string,
  name: string | undefined,
): { readonly name: string; readonly provider: PaymentProvider } {
  const chosen = name ?? (providers.size === 1 ? [...providers.keys()][0] : undefined)
  const provider = chosen === undefined ? undefined : providers.get(chosen)
  if (chosen !== undefined && provider !== undefined) return { name: chosen, provider }
  const known = [...providers.keys()].join(', ') || 'none'
  throw new PaymentError(
    'invalid_request',
    `Cannot ${action}: provider is ${name === undefined ? 'not said' : 'not one of them'}, one of these expected: ${known}`,
  )
}

/** What a provider needs to know of a payment. @throws PaymentError when it has none yet */
export function handleOf(record: PaymentRecord): PaymentHandle {
  if (record.reference === null)
    throw new PaymentError(
      'conflict',
      'Cannot change payment: the provider does not have it yet, reconcile() or confirm it with a means of payment first',
      { paymentId: record.id, provider: record.provider },
    )
  return {
    reference: record.reference,
    amount: moneyOf(record, record.amount),
    captured: moneyOf(record, record.captured),
    handles: record.handles,
  }
}

/** Keeps what a provider said, and tells of it. */
export async function keepSeen(
  context: PaymentContext,
  id: string,
  cause: ChangeCause,
  seen: ProviderPayment,
  source: 'report' | 'reconcile',
  also: (record: PaymentRecord) => PaymentRecord = (record) => record,
): Promise<Payment> {
  const { before, after } = await context.store.change(id, cause, (record) => {
    const next = also(withProviderPayment(record, seen, source))
    return isSameRecord(next, record) ? null : next
  })
  await context.changed(before, after)
  return paymentOf(after)
}

/** Whether the call may have been carried out although no answer says so. */
export function isIndeterminate(error: unknown): boolean {
  return !(error instanceof PaymentError) || error.code === 'indeterminate'
}

const REFUSALS: readonly PaymentErrorCode[] = [
  'declined',
  'authentication_required',
  'invalid_request',
  'unsupported',
  'refund_exceeds_capture',
]

/**
 * Whether an error says for certain that nothing came of an operation, whoever else has called for
 * it.
 *
 * A provider answers a repeated key with what it answered first. Where it refuses the call without
 * a look at that, as for too many calls, a key that is in use or a token that has ended, nothing is
 * said about the call before.
 *
 * @param isRepeated Whether the key was sent before, or is being sent by somebody else
 */
export function isCertainlyUndone(error: unknown, isRepeated: boolean): boolean {
  if (isIndeterminate(error)) return false
  return !isRepeated || (error instanceof PaymentError && REFUSALS.includes(error.code))
}

/** The payment's id goes with the error, so that its caller can look it up and reconcile it. */
export function withPaymentId(error: unknown, paymentId: string): PaymentError {
  if (!(error instanceof PaymentError))
    return new PaymentError(
      'indeterminate',
      'Cannot tell what became of the payment: the call ended without an answer, reconcile() finds out',
      { paymentId, cause: error },
    )
  if (error.paymentId !== undefined) return error
  const { code, message, retryable, provider, declineCode, advice, retryAfterMs, cause } = error
  return new PaymentError(code, message, {
    retryable,
    provider,
    declineCode,
    advice,
    retryAfterMs,
    paymentId,
    cause,
  })
}
