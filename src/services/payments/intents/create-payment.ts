import { canonicalJson } from '../../../primitives/canonical-json.ts'
import type { Json } from '../../../runtime/ports/json.ts'
import type { FraudSignals } from '../fraud/fraud-check.ts'
import { judge } from '../fraud/judge.ts'
import { minorMoney, readMoney, type MoneyInput } from '../money/money.ts'
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
import {
  findProvider,
  isCertainlyUndone,
  keepSeen,
  withPaymentId,
  type PaymentContext,
} from '../payment-context.ts'
import { PaymentError } from '../payment-error.ts'
import type { CallTimes, ProviderPaymentRequest } from '../providers/provider-payment.ts'
import type { PaymentProvider } from '../providers/provider.ts'
import type { Payment } from './payment.ts'
import { paymentOf, type PaymentRecord } from './payment-record.ts'

/** What is to be paid, and how. */
export interface PaymentRequest {
  /**
   * Names this very operation, such as `order-42`: asking again under it gives the same payment.
   */
  readonly operationId: string
  readonly amount: MoneyInput
  /** As named in `createPayments({ providers })`. Default: the only one. */
  readonly provider?: string | undefined
  /** A token of the provider's. Card numbers are refused. Default: chosen later. */
  readonly paymentMethod?: string | undefined
  /** The provider's id of the customer. */
  readonly customer?: string | undefined
  /** Default `automatic`. */
  readonly capture?: 'automatic' | 'manual' | undefined
  /** Pay at once with `paymentMethod`. Default false. */
  readonly confirm?: boolean | undefined
  /** The customer is not there, so they cannot be asked to prove who they are. Default false. */
  readonly offSession?: boolean | undefined
  /** Keep the means of payment with the customer for later. Default false. */
  readonly saveMethod?: boolean | undefined
  /** At most 500 characters. */
  readonly description?: string | undefined
  /** What stands on the customer's statement, at most 22 characters. */
  readonly statementDescriptor?: string | undefined
  readonly receiptEmail?: string | undefined
  /** Where the customer comes back to: https. */
  readonly returnUrl?: string | undefined
  readonly cancelUrl?: string | undefined
  /** `challenge` asks the customer to prove who they are in any case. Default `automatic`. */
  readonly threeDSecure?: 'automatic' | 'challenge' | undefined
  /** At most 40 texts. No personal data: providers show it in many places. */
  readonly metadata?: Readonly<Record<string, string>> | undefined
  /** For the fraud rules alone. */
  readonly fraud?: FraudSignals | undefined
  readonly signal?: AbortSignal | undefined
}

const KEYS = [
  'operationId',
  'amount',
  'provider',
  'paymentMethod',
  'customer',
  'capture',
  'confirm',
  'offSession',
  'saveMethod',
  'description',
  'statementDescriptor',
  'receiptEmail',
  'returnUrl',
  'cancelUrl',
  'threeDSecure',
  'metadata',
  'fraud',
  'signal',
] as const

const ACTION = 'create payment'

/**
 * Creates a payment at its provider, once for each operation id.
 *
 * What is asked for is kept with its key before the provider is called. A crash or a lost answer so
 * leaves a payment in state `indeterminate`: asking again under the same operation id goes on with
 * it.
 *
 * @throws PaymentError
 */
export async function createPayment(
  context: PaymentContext,
  request: PaymentRequest,
): Promise<Payment> {
  checkKeys(ACTION, request, KEYS)
  const operationId = checkOperationId(ACTION, request.operationId)
  const { name, provider } = findProvider(context, ACTION, request.provider)
  const id = await deriveId('pay', operationId)
  const asked = readRequest(request, id, provider)
  const fingerprint = await deriveKey(name, canonicalJson(jsonOf(asked)))
  const found = await context.store.read(id)
  if (found !== null) return resume(context, found, fingerprint, request.signal, false)

  const judged = await judge(context, ACTION, provider, request.fraud, asked)
  const now = context.clock.now()
  const created = newRecord(id, name, fingerprint, judged, now)
  const { record, isNew } = await context.store.create(created, {
    action: 'create',
    cause: operationId,
    amount: asked.amount.minor.toString(),
  })
  return resume(context, record, fingerprint, request.signal, isNew)
}

/** Goes on with a payment that was begun, by this call or by one before it. */
async function resume(
  context: PaymentContext,
  record: PaymentRecord,
  fingerprint: string,
  signal: AbortSignal | undefined,
  isFirst: boolean,
): Promise<Payment> {
  if (record.fingerprint !== fingerprint)
    throw new PaymentError(
      'conflict',
      'Cannot create payment: the operation id was used before for another one, a new id for a new payment expected',
      { paymentId: record.id, provider: record.provider },
    )
  if (record.reference !== null) return paymentOf(record)
  if (record.state === 'indeterminate') return attempt(context, record, signal, isFirst)
  if (!isUnmade(record)) return paymentOf(record)
  // It was looked for and is not there: who asks for it again gets it.
  const again = await beginAgain(context, record)
  if (!again.isOurs && again.record.state !== 'indeterminate') return paymentOf(again.record)
  return attempt(context, again.record, signal, again.isOurs)
}

/** Whether it was to be made, nobody declined it, and the provider does not have it. */
function isUnmade({ reference, state, decline, attempt: count }: PaymentRecord): boolean {
  return reference === null && state === 'requires_payment_method' && decline === null && count > 1
}

/** The attempt that `reconcile()` has left to whoever asks next, under the key that it has. */
async function beginAgain(
  context: PaymentContext,
  record: PaymentRecord,
): Promise<{ readonly record: PaymentRecord; readonly isOurs: boolean }> {
  let isOurs = false
  const cause = { action: 'attempt', cause: String(record.attempt) }
  const { after } = await context.store.change(record.id, cause, (present) => {
    isOurs = isUnmade(present) && present.attempt === record.attempt
    const now = context.clock.now()
    return isOurs ? { ...present, state: 'indeterminate', attemptAt: now, calledAt: now } : null
  })
  return { record: after, isOurs }
}

/**
 * Calls the provider under the key of the current attempt.
 *
 * As long as the provider remembers keys, calling again is safe. Later it is asked first.
 *
 * @param isFirst Whether nobody else can have called for this attempt
 */
export async function attempt(
  context: PaymentContext,
  record: PaymentRecord,
  signal: AbortSignal | undefined,
  isFirst: boolean,
): Promise<Payment> {
  const { provider } = findProvider(context, ACTION, record.provider)
  const asked = requestOf(record)
  const { idempotencyMs } = provider.capabilities
  const isForgotten = context.clock.now() - record.attemptAt >= idempotencyMs
  const cause = { action: 'created', amount: record.amount }
  const idempotencyKey = await attemptKey(record)
  if (isForgotten) {
    const seen = await provider.findPayment(asked, callsOf(record), { idempotencyKey, signal })
    if (seen !== null) return keepSeen(context, record.id, cause, seen, 'reconcile')
    const again = await nextAttempt(context, record)
    return attempt(context, again.record, signal, again.isOurs)
  }
  if (!isFirst) await noteRepetition(context, record)
  let payment: Payment
  try {
    const seen = await provider.createPayment(asked, { idempotencyKey, signal })
    payment = await keepSeen(context, record.id, cause, seen, 'reconcile')
  } catch (error) {
    await settleFailure(context, record, error)
    throw withPaymentId(error, record.id)
  }
  return paidOrDeclined(payment, asked.confirm)
}

/** The key of the current attempt at creating it; a corrected request has another one. */
export function attemptKey(record: PaymentRecord): Promise<string> {
  return deriveKey('create', record.id, record.attempt, record.fingerprint)
}

/** @throws PaymentError `declined` when it was to be paid and the provider declined */
export function paidOrDeclined(payment: Payment, wanted: boolean): Payment {
  const { state, decline, id, provider } = payment
  if (!wanted || decline === null || state !== 'requires_payment_method') return payment
  throw new PaymentError('declined', 'Cannot pay: the means of payment was declined', {
    paymentId: id,
    provider,
    declineCode: decline.code,
    advice: decline.advice,
  })
}

/**
 * From here on a refusal of one call says nothing about the others of this attempt, and what it
 * makes may be as young as the last of them.
 */
export async function noteRepetition(
  context: PaymentContext,
  { id, attempt: count }: PaymentRecord,
): Promise<void> {
  await context.store.change(id, { action: 'repeat', cause: String(count) }, (present) =>
    present.attempt === count && present.reference === null
      ? { ...present, repeated: count, calledAt: context.clock.now() }
      : null,
  )
}

/** When the current attempt was called for. */
export function callsOf({ attemptAt, calledAt }: PaymentRecord): CallTimes {
  return { first: attemptAt, last: calledAt }
}

/**
 * After a decline, or when the provider no longer knows the key: the next call is another one.
 *
 * @returns The record with the next attempt, and whether it was this call that began it
 */
export async function nextAttempt(
  context: PaymentContext,
  record: PaymentRecord,
  changes: Partial<PaymentRecord> = {},
): Promise<{ readonly record: PaymentRecord; readonly isOurs: boolean }> {
  let isOurs = false
  const { after } = await context.store.change(
    record.id,
    { action: 'attempt', cause: String(record.attempt + 1) },
    (present) => {
      isOurs = present.attempt === record.attempt && present.reference === null
      return isOurs
        ? {
            ...present,
            ...changes,
            state: 'indeterminate',
            attempt: record.attempt + 1,
            attemptAt: context.clock.now(),
            calledAt: context.clock.now(),
          }
        : null
    },
  )
  return { record: after, isOurs }
}

/**
 * What a failed call leaves behind: nothing, a declined payment, or one of which nothing is known.
 */
async function settleFailure(
  context: PaymentContext,
  record: PaymentRecord,
  error: unknown,
): Promise<void> {
  if (!isCertainlyUndone(error, false)) {
    // Whoever looks for it need not wait for a call that may be under way.
    await context.store.change(record.id, { action: 'unanswered' }, (present) =>
      present.reference === null &&
      present.state === 'indeterminate' &&
      present.attempt === record.attempt &&
      present.unanswered !== present.attempt
        ? { ...present, unanswered: present.attempt }
        : null,
    )
    return
  }
  const { code, declineCode, advice } = error as PaymentError
  const isStill = (present: PaymentRecord): boolean =>
    present.reference === null &&
    present.state === 'indeterminate' &&
    present.attempt === record.attempt
  if (code === 'declined' || code === 'authentication_required') {
    const { before, after } = await context.store.change(
      record.id,
      { action: 'declined', code },
      (present) =>
        isStill(present)
          ? {
              ...present,
              state: code === 'declined' ? 'requires_payment_method' : 'requires_action',
              nextAction: code === 'declined' ? null : { type: 'client_verification' },
              decline: {
                code: declineCode ?? code,
                ...(advice !== undefined && { advice }),
              },
            }
          : null,
    )
    await context.changed(before, after)
    return
  }
  const isUndone = (present: PaymentRecord): boolean =>
    isStill(present) && isCertainlyUndone(error, present.repeated === present.attempt)
  // Nothing came to be, so the operation id is free for a corrected request.
  if (record.attempt === 1) await context.store.remove(record.id, isUndone)
  else
    await context.store.change(record.id, { action: 'refused', code }, (present) =>
      isUndone(present) ? { ...present, state: 'requires_payment_method' } : null,
    )
}

function readRequest(
  request: PaymentRequest,
  paymentId: string,
  provider: PaymentProvider,
): ProviderPaymentRequest {
  const amount = readMoney(request.amount)
  if (amount.minor <= 0n) throw invalid(ACTION, 'the amount is 0 or less, more expected')
  provider.checkAmount(amount)
  const { capture = 'automatic', threeDSecure = 'automatic' } = request
  if (capture !== 'automatic' && capture !== 'manual')
    throw invalid(ACTION, 'capture is neither "automatic" nor "manual"')
  if (capture === 'manual' && !provider.capabilities.manualCapture)
    throw new PaymentError(
      'unsupported',
      `Cannot create payment: ${provider.name} cannot authorize first and capture later`,
    )
  if (threeDSecure !== 'automatic' && threeDSecure !== 'challenge')
    throw invalid(ACTION, 'threeDSecure is neither "automatic" nor "challenge"')
  for (const flag of ['confirm', 'offSession', 'saveMethod'] as const) {
    const value: unknown = request[flag]
    if (value !== undefined && typeof value !== 'boolean')
      throw invalid(ACTION, `${flag} is neither true nor false`)
  }
  const paymentMethod = checkToken(ACTION, 'paymentMethod', request.paymentMethod)
  if (request.confirm === true && paymentMethod === undefined)
    throw invalid(ACTION, 'confirm is true, but there is no paymentMethod to pay with')
  return {
    paymentId,
    amount,
    capture,
    paymentMethod,
    customer: checkToken(ACTION, 'customer', request.customer),
    confirm: request.confirm ?? false,
    offSession: request.offSession ?? false,
    saveMethod: request.saveMethod ?? false,
    description: checkText(ACTION, 'description', request.description, 500),
    statementDescriptor: checkText(ACTION, 'statementDescriptor', request.statementDescriptor, 22),
    receiptEmail: checkText(ACTION, 'receiptEmail', request.receiptEmail, 254),
    returnUrl: checkUrl(ACTION, 'returnUrl', request.returnUrl),
    cancelUrl: checkUrl(ACTION, 'cancelUrl', request.cancelUrl),
    threeDSecure,
    metadata: checkMetadata(ACTION, request.metadata),
  }
}

/** What is kept of a payment before its provider is called for the first time. */
export function newRecord(
  id: string,
  provider: string,
  fingerprint: string,
  asked: ProviderPaymentRequest,
  now: number,
): PaymentRecord {
  return {
    id,
    provider,
    fingerprint,
    request: jsonOf(asked),
    attempt: 1,
    attemptAt: now,
    calledAt: now,
    reference: null,
    aliases: [],
    state: 'indeterminate',
    currency: asked.amount.currency,
    amount: asked.amount.minor.toString(),
    authorized: '0',
    captured: '0',
    providerRefunded: '0',
    nextAction: null,
    decline: null,
    risk: { level: 'unknown', reasons: [] },
    changedAt: null,
    handles: {},
    metadata: asked.metadata,
    refunds: {},
    disputes: {},
    operations: {},
    audits: 0,
    createdAt: now,
    updatedAt: now,
    version: 0,
    stateSince: 0,
    raw: null,
  }
}

/** As it is kept: the very same request can be made again from it. */
function jsonOf({ amount, ...rest }: ProviderPaymentRequest): { readonly [key: string]: Json } {
  const defined = Object.entries(rest).filter(([, value]) => value !== undefined)
  return {
    ...(Object.fromEntries(defined) as { readonly [key: string]: Json }),
    minor: amount.minor.toString(),
    currency: amount.currency,
  }
}

/** The request of a record, as {@link jsonOf} kept it. */
export function requestOf({ request }: Pick<PaymentRecord, 'request'>): ProviderPaymentRequest {
  // Written by jsonOf() alone.
  const { minor, currency, ...rest } = request as { readonly [key: string]: string }
  return {
    ...rest,
    amount: minorMoney(BigInt(minor ?? '0'), currency ?? ''),
  } as unknown as ProviderPaymentRequest
}
