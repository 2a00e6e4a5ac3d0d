import { canonicalJson } from '../../../primitives/canonical-json.ts'
import { refundedMinor, type PaymentRecord, type RefundEntry } from '../intents/payment-record.ts'
import { notFound } from '../intents/payment-store.ts'
import { minorMoney, readMoney, type MoneyInput } from '../money/money.ts'
import { deriveId, deriveKey } from '../operations/derive-id.ts'
import { checkKeys, checkOperationId, invalid } from '../operations/check-request.ts'
import {
  findProvider,
  handleOf,
  isCertainlyUndone,
  isIndeterminate,
  withPaymentId,
  type PaymentContext,
} from '../payment-context.ts'
import { PaymentError } from '../payment-error.ts'
import type { ProviderRefund, RefundReason } from '../providers/provider-payment.ts'
import { partsOf, refundOf, refundOfParts, type Refund } from './refund.ts'
import { splitRefund } from './split-refund.ts'

/** What is to be given back. */
export interface RefundRequest {
  /** Names this very refund: asking again under it gives the same one. */
  readonly operationId: string
  /** Default: all that can still be given back. */
  readonly amount?: MoneyInput | undefined
  /** Default `requested_by_customer`. */
  readonly reason?: RefundReason | undefined
  readonly signal?: AbortSignal | undefined
}

const ACTION = 'refund payment'
const REASONS = ['requested_by_customer', 'duplicate', 'fraudulent', 'other']
const MAX_REFUNDS = 200
const NOT_FOUND = { state: 'failed', failure: 'not_found_at_provider', reference: null } as const

/**
 * Gives money back.
 *
 * The amount is reserved in the payment's record before the provider is called, by compare-and-set:
 * however many refunds are asked for at once, together they never exceed what was captured.
 *
 * @throws PaymentError `refund_exceeds_capture` among others
 */
export async function refundPayment(
  context: PaymentContext,
  paymentId: string,
  request: RefundRequest,
): Promise<Refund> {
  checkKeys(ACTION, request, ['operationId', 'amount', 'reason', 'signal'])
  const operationId = checkOperationId(ACTION, request.operationId)
  const { reason = 'requested_by_customer', signal } = request
  if (!REASONS.includes(reason)) throw invalid(ACTION, `reason is none of ${REASONS.join(', ')}`)
  const wanted = request.amount === undefined ? null : readMoney(request.amount)
  if (wanted !== null && wanted.minor <= 0n) throw invalid(ACTION, 'the amount is 0 or less')
  const record = typeof paymentId === 'string' ? await context.store.read(paymentId) : null
  if (record === null) throw notFound(paymentId)
  const { provider } = findProvider(context, ACTION, record.provider)
  if (wanted !== null && wanted.currency !== record.currency)
    throw invalid(ACTION, `the amount is in ${wanted.currency}, the payment in ${record.currency}`)
  if (wanted !== null) provider.checkAmount(wanted)
  const id = await deriveId('ref', `${paymentId}/${operationId}`)
  const fingerprint = canonicalJson([wanted?.toJSON() ?? null, reason])

  let isFirst = false
  const { after } = await context.store.change(
    paymentId,
    { action: 'refund', cause: id, amount: wanted?.minor.toString() ?? null },
    (present) => {
      const known = present.refunds[id]
      isFirst = known === undefined
      if (known !== undefined) {
        if (known.fingerprint === fingerprint) return null
        throw new PaymentError(
          'conflict',
          `Cannot ${ACTION}: the operation id was used before for another refund`,
          { paymentId, provider: present.provider },
        )
      }
      return reserve(
        present,
        id,
        wanted?.minor ?? null,
        { fingerprint, reason },
        context.clock.now(),
      )
    },
  )
  let failure: PaymentError | undefined
  for (const [part, { state }] of partsOf(after, id)) {
    if (state !== 'asked') continue
    try {
      await ask(context, after, part, signal, isFirst)
    } catch (error) {
      // What may have happened says more than what has not.
      if (!(error instanceof PaymentError)) throw error
      if (failure === undefined || error.code === 'indeterminate') failure = error
    }
  }
  if (failure !== undefined) throw failure
  return refundOfParts((await context.store.read(paymentId)) ?? after, id)
}

/**
 * Calls the provider for a refund that is reserved, or asks what became of it where a call before
 * is too long ago to be repeated under its key.
 *
 * @param isFirst Whether nobody else can have called for it
 */
export async function ask(
  context: PaymentContext,
  record: PaymentRecord,
  id: string,
  signal: AbortSignal | undefined,
  isFirst: boolean,
): Promise<Refund> {
  const entry = record.refunds[id]
  if (entry === undefined) throw notFound(record.id)
  const { provider } = findProvider(context, ACTION, record.provider)
  const handle = handleOf(record)
  if (context.clock.now() - entry.createdAt >= provider.capabilities.idempotencyMs) {
    if (provider.findRefund !== undefined) {
      const found = await provider.findRefund(handle, id, { signal })
      return keepRefund(context, record.id, id, found ?? NOT_FOUND)
    }
    const { refunded } = await provider.retrievePayment(handle, { signal })
    const { done, held } = refundedMinor({ ...record, providerRefunded: '0' })
    const sum = refunded?.minor ?? 0n
    const isThere = sum >= done + held
    // Of several, one may be there and another not: their sum does not tell which.
    if (!isThere && sum > done && held > BigInt(entry.amount))
      throw new PaymentError(
        'indeterminate',
        `Cannot ${ACTION}: of several refunds without an answer some were made, the provider's dashboard tells which`,
        { paymentId: record.id, provider: record.provider },
      )
    return keepRefund(
      context,
      record.id,
      id,
      isThere ? { state: 'succeeded', failure: null, reference: null } : NOT_FOUND,
    )
  }
  if (!isFirst)
    await context.store.change(record.id, { action: 'refund repeated', cause: id }, (present) => {
      const mine = present.refunds[id]
      if (mine?.state !== 'asked' || mine.repeated === true) return null
      return { ...present, refunds: { ...present.refunds, [id]: { ...mine, repeated: true } } }
    })
  const amount = minorMoney(BigInt(entry.amount), record.currency)
  // What was reserved first is what is asked for, whoever repeats it.
  const reason = entry.reason as RefundReason
  const idempotencyKey = await deriveKey('refund', record.id, id)
  try {
    const seen = await provider.refundPayment(
      handle,
      { refundId: id, amount, reason, capture: entry.capture },
      { idempotencyKey, signal },
    )
    return await keepRefund(context, record.id, id, seen)
  } catch (error) {
    if (isIndeterminate(error)) throw withPaymentId(error, record.id)
    const { code } = error as PaymentError
    const isTemporary = code === 'rate_limited' || code === 'provider_unavailable'
    const { before, after } = await context.store.change(
      record.id,
      { action: 'refund refused', cause: id, code },
      (present) => {
        const { [id]: mine, ...others } = present.refunds
        if (mine?.state !== 'asked' || !isCertainlyUndone(error, mine.repeated === true))
          return null
        // What nobody looked at may be asked for again under its id; what was refused is on record.
        if (isTemporary) {
          const isPart = partsOf(present, mine.of ?? id).length > 1
          return isPart ? null : { ...present, refunds: others }
        }
        const failed = { ...mine, state: 'failed' as const, failure: code }
        return {
          ...present,
          refunds: { ...others, [id]: { ...failed, updatedAt: context.clock.now() } },
        }
      },
    )
    await context.changed(before, after)
    throw withPaymentId(error, record.id)
  }
}

/** Keeps how a refund stands; it only ever moves on. */
export async function keepRefund(
  context: PaymentContext,
  paymentId: string,
  id: string,
  seen: Pick<ProviderRefund, 'state' | 'failure'> & { readonly reference: string | null },
): Promise<Refund> {
  const { before, after } = await context.store.change(
    paymentId,
    { action: `refund ${seen.state}`, cause: id },
    (record) => withRefund(record, id, seen, context.clock.now()),
  )
  await context.changed(before, after)
  const entry = after.refunds[id]
  if (entry === undefined) throw notFound(paymentId)
  return refundOf(after, id, entry)
}

/** @returns `null` when nothing new was seen */
export function withRefund(
  record: PaymentRecord,
  id: string,
  seen: Pick<ProviderRefund, 'state' | 'failure'> & { readonly reference: string | null },
  now: number,
): PaymentRecord | null {
  const known = record.refunds[id]
  if (known === undefined) return null
  const state = mayFollow(known.state, seen.state) ? seen.state : known.state
  const reference = known.reference ?? seen.reference
  if (state === known.state && reference === known.reference) return null
  const told = BigInt(record.providerRefunded)
  const isBack = known.state === 'succeeded' && state === 'failed'
  const less = told > BigInt(known.amount) ? told - BigInt(known.amount) : 0n
  return {
    ...record,
    // The provider's sum had it among the others.
    ...(isBack && { providerRefunded: less.toString() }),
    refunds: {
      ...record.refunds,
      [id]: { ...known, state, reference, failure: seen.failure ?? known.failure, updatedAt: now },
    },
    aliases:
      seen.reference === null ? record.aliases : [...new Set([...record.aliases, seen.reference])],
  }
}

/**
 * A refund that has succeeded can still fail: the bank sends it back. Nothing else goes backwards.
 */
function mayFollow(known: RefundEntry['state'], seen: ProviderRefund['state']): boolean {
  if (known === 'asked') return true
  if (known === 'pending') return seen !== 'pending'
  return known === 'succeeded' && seen === 'failed'
}

function reserve(
  record: PaymentRecord,
  id: string,
  wanted: bigint | null,
  { fingerprint, reason }: Pick<RefundEntry, 'fingerprint' | 'reason'>,
  now: number,
): PaymentRecord {
  const details = { paymentId: record.id, provider: record.provider }
  if (record.state === 'indeterminate')
    throw new PaymentError(
      'conflict',
      `Cannot ${ACTION}: it is not known what was captured, reconcile() first`,
      details,
    )
  const { done, held } = refundedMinor(record)
  const refunds = Object.keys(record.refunds).length
  const left = BigInt(record.captured) - done - held
  const amount = wanted ?? left
  const parts = amount <= 0n || amount > left ? null : splitRefund(record, amount)
  if (parts === null)
    throw new PaymentError(
      'refund_exceeds_capture',
      `Cannot ${ACTION}: ${amount <= 0n ? 'nothing is left to give back' : 'it is more than was captured, less what was given back or is being given back'}`,
      details,
    )
  if (refunds + parts.length > MAX_REFUNDS)
    throw new PaymentError(
      'conflict',
      `Cannot ${ACTION}: it has ${MAX_REFUNDS} refunds, the most there may be`,
      details,
    )
  const entries = parts.map((part, index): [string, RefundEntry] => [
    index === 0 ? id : `${id}-${index + 1}`,
    {
      amount: part.amount.toString(),
      state: 'asked',
      reference: null,
      fingerprint,
      reason,
      failure: null,
      ...(part.capture !== undefined && { capture: part.capture }),
      ...(index > 0 && { of: id }),
      createdAt: now,
      updatedAt: now,
    },
  ])
  return { ...record, refunds: { ...record.refunds, ...Object.fromEntries(entries) } }
}
