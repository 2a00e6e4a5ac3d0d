import type { Json } from '../../../../runtime/ports/json.ts'
import type { Money } from '../../money/money.ts'
import { PaymentError } from '../../payment-error.ts'
import { at, instantAt, listAt, textAt } from '../provider-http.ts'
import type {
  NextAction,
  PaymentState,
  ProviderCapture,
  ProviderPayment,
  ProviderRefund,
} from '../provider-payment.ts'
import { moneyFromPaypal, sumFromPaypal } from './paypal-money.ts'

/**
 * Reads an order with its authorizations and captures. An order that is COMPLETED need not be paid.
 */
export function paymentFromPaypal(order: Json): ProviderPayment {
  const unit = at(order, 'purchase_units', 0)
  const amount = moneyFromPaypal(at(unit, 'amount'))
  const reference = textAt(order, 'id')
  if (amount === null || reference === undefined)
    throw new PaymentError('indeterminate', 'Cannot read order of PayPal: it has no amount or id', {
      provider: 'paypal',
    })
  const authorizations = listAt(unit, 'payments', 'authorizations')
  const captures = listAt(unit, 'payments', 'captures')
  const refunds = listAt(unit, 'payments', 'refunds')
  const authorization = authorizations.at(-1)
  const taken = captures.filter((capture) => CAPTURED.includes(textAt(capture, 'status') ?? ''))
  const captured = sumFromPaypal(taken, amount.currency)
  const given = refunds.filter((refund) => textAt(refund, 'status') === 'COMPLETED')
  const state = stateOf(order, authorization, captures, captured)
  const { currency } = amount
  const held = authorizations.length > 0 ? sumFromPaypal(authorizations, currency) : captured
  const handles = {
    ...handle('authorization', textAt(authorization, 'id')),
    ...handle('capture', textAt(taken[0], 'id')),
    intent: textAt(order, 'intent') ?? 'CAPTURE',
  }
  return {
    reference,
    alsoKnownAs: [...authorizations, ...captures].flatMap((part) => textAt(part, 'id') ?? []),
    state,
    amount,
    authorized: held,
    captured,
    refunded: sumFromPaypal(given, currency),
    nextAction: nextActionOf(order, state),
    decline: state === 'failed' ? { code: declineCodeOf(captures.at(-1)) } : null,
    risk: { level: 'unknown', reasons: reasonsOf(order) },
    changedAt: latest(order, [...authorizations, ...captures]),
    handles,
    captures: taken.flatMap((capture) => captureFromPaypal(capture, given)),
    raw: order,
  }
}

function captureFromPaypal(capture: Json, refunds: readonly Json[]): readonly ProviderCapture[] {
  const reference = textAt(capture, 'id')
  const amount = moneyFromPaypal(at(capture, 'amount'))
  if (reference === undefined || amount === null) return []
  const own = refunds.filter((refund) => captureOf(refund) === reference)
  const isAll = textAt(capture, 'status') === 'REFUNDED'
  return [{ reference, amount, refunded: isAll ? amount : sumFromPaypal(own, amount.currency) }]
}

/** The capture that a refund is of: a link leads up to it. */
function captureOf(refund: Json): string | undefined {
  const up = listAt(refund, 'links').find((link) => textAt(link, 'rel') === 'up')
  return textAt(up, 'href')?.split('/').at(-1)
}

const CAPTURED = ['COMPLETED', 'PARTIALLY_REFUNDED', 'REFUNDED']

function stateOf(
  order: Json,
  authorization: Json | undefined,
  captures: readonly Json[],
  captured: Money,
): PaymentState {
  const statuses = captures.map((capture) => textAt(capture, 'status'))
  if (authorization !== undefined) {
    const status = textAt(authorization, 'status')
    if (status === 'VOIDED') return captured.minor > 0n ? 'succeeded' : 'canceled'
    if (status === 'EXPIRED') return captured.minor > 0n ? 'succeeded' : 'expired'
    if (status === 'DENIED') return 'failed'
    if (status === 'PENDING') return 'processing'
    if (status === 'CREATED' || status === 'PARTIALLY_CAPTURED') {
      return statuses.includes('PENDING') ? 'processing' : 'requires_capture'
    }
  }
  if (statuses.includes('PENDING')) return 'processing'
  if (captured.minor > 0n) return 'succeeded'
  if (statuses.some((status) => status === 'DECLINED' || status === 'FAILED')) return 'failed'
  switch (textAt(order, 'status')) {
    case 'APPROVED':
    case 'SAVED':
      return 'requires_confirmation'
    case 'VOIDED':
      return 'canceled'
    case 'COMPLETED':
      return 'processing'
    default:
      // CREATED and PAYER_ACTION_REQUIRED: the payer is to approve.
      return 'requires_action'
  }
}

function nextActionOf(order: Json, state: PaymentState): NextAction | null {
  if (state === 'processing') return { type: 'await' }
  if (state !== 'requires_action') return null
  const link = listAt(order, 'links').find((entry) =>
    ['payer-action', 'approve'].includes(textAt(entry, 'rel') ?? ''),
  )
  const url = textAt(link, 'href')
  return url === undefined ? null : { type: 'redirect', url }
}

/** Whether 3-D Secure shifted the liability: without it a card payment must not be captured. */
export function liabilityOf(order: Json): 'shifted' | 'not_shifted' | 'not_asked' {
  const result = at(order, 'payment_source', 'card', 'authentication_result')
  if (result === undefined) return 'not_asked'
  const shift = textAt(result, 'liability_shift')
  return shift === 'POSSIBLE' || shift === 'YES' ? 'shifted' : 'not_shifted'
}

function declineCodeOf(capture: Json | undefined): string {
  return (
    textAt(capture, 'processor_response', 'response_code') ??
    textAt(capture, 'status_details', 'reason')?.toLowerCase() ??
    'declined'
  )
}

/** What PayPal knows of address and code checks, word for word. */
function reasonsOf(order: Json): readonly string[] {
  const captures = listAt(order, 'purchase_units', 0, 'payments', 'captures')
  const response = at(captures.at(-1), 'processor_response')
  const avs = textAt(response, 'avs_code')
  const cvv = textAt(response, 'cvv_code')
  return [
    ...(avs === undefined ? [] : [`avs:${avs}`]),
    ...(cvv === undefined ? [] : [`cvv:${cvv}`]),
  ]
}

function latest(order: Json, parts: readonly Json[]): number | null {
  const instants = [order, ...parts]
    .map((part) => instantAt(part, 'update_time') ?? instantAt(part, 'create_time'))
    .filter((instant) => instant !== null)
  return instants.length === 0 ? null : Math.max(...instants)
}

function handle(name: string, id: string | undefined): Readonly<Record<string, string>> {
  return id === undefined ? {} : { [name]: id }
}

export function refundFromPaypal(refund: Json): ProviderRefund {
  const states: Readonly<Partial<Record<string, ProviderRefund['state']>>> = {
    COMPLETED: 'succeeded',
    FAILED: 'failed',
    CANCELLED: 'canceled',
  }
  const amount = moneyFromPaypal(at(refund, 'amount'))
  const reference = textAt(refund, 'id')
  if (amount === null || reference === undefined)
    throw new PaymentError(
      'indeterminate',
      'Cannot read refund of PayPal: it has no amount or id',
      {
        provider: 'paypal',
      },
    )
  const customId = textAt(refund, 'custom_id')
  return {
    reference,
    // One that was made at PayPal may have the payment's.
    ...(customId?.startsWith('ref_') === true && { refundId: customId }),
    capture: captureOf(refund),
    state: states[textAt(refund, 'status') ?? ''] ?? 'pending',
    amount,
    failure: textAt(refund, 'status_details', 'reason')?.toLowerCase() ?? null,
    raw: refund,
  }
}
