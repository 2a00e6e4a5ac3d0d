import type { Json } from '../../../../runtime/ports/json.ts'
import { minorMoney, type Money } from '../../money/money.ts'
import { PaymentError } from '../../payment-error.ts'
import { at, instantAt, listAt, textAt } from '../provider-http.ts'
import type {
  PaymentState,
  ProviderPayment,
  ProviderRefund,
  ProviderRisk,
} from '../provider-payment.ts'

/** Square's money: minor units in a JSON number. */
export function squareMoney({ minor, currency }: Money): { amount: number; currency: string } {
  return { amount: Number(minor), currency }
}

/** @returns `null` when it is none */
export function moneyFromSquare(value: Json | undefined): Money | null {
  const amount = at(value, 'amount')
  const currency = textAt(value, 'currency')
  if (currency === undefined || (typeof amount !== 'number' && typeof amount !== 'string'))
    return null
  try {
    return minorMoney(BigInt(amount), currency)
  } catch {
    return null
  }
}

export function paymentFromSquare(payment: Json): ProviderPayment {
  const reference = textAt(payment, 'id')
  const amount = moneyFromSquare(at(payment, 'amount_money'))
  if (reference === undefined || amount === null)
    throw new PaymentError(
      'indeterminate',
      'Cannot read payment of Square: it has no amount or id',
      {
        provider: 'square',
      },
    )
  const zero = minorMoney(0n, amount.currency)
  const approved = moneyFromSquare(at(payment, 'approved_money')) ?? zero
  const states: Readonly<Partial<Record<string, PaymentState>>> = {
    APPROVED: 'requires_capture',
    PENDING: 'processing',
    COMPLETED: 'succeeded',
    CANCELED: 'canceled',
    FAILED: 'failed',
  }
  const state = states[textAt(payment, 'status') ?? ''] ?? 'processing'
  const version = textAt(payment, 'version_token')
  const order = textAt(payment, 'order_id')
  const code = textAt(listAt(payment, 'card_details', 'errors')[0], 'code')
  return {
    reference,
    alsoKnownAs: order === undefined ? [] : [order],
    state,
    amount,
    authorized: state === 'succeeded' && approved.minor === 0n ? amount : approved,
    captured: state === 'succeeded' ? amount : zero,
    refunded: moneyFromSquare(at(payment, 'refunded_money')) ?? zero,
    nextAction: state === 'processing' ? { type: 'await' } : null,
    decline: state === 'failed' ? { code: (code ?? 'declined').toLowerCase() } : null,
    risk: riskOf(payment),
    changedAt: instantAt(payment, 'updated_at'),
    handles: version === undefined ? {} : { version },
    raw: payment,
  }
}

function riskOf(payment: Json): ProviderRisk {
  const levels: Readonly<Partial<Record<string, ProviderRisk['level']>>> = {
    NORMAL: 'low',
    MODERATE: 'medium',
    HIGH: 'high',
  }
  return {
    level: levels[textAt(payment, 'risk_evaluation', 'risk_level') ?? ''] ?? 'unknown',
    reasons: [],
  }
}

export function refundFromSquare(refund: Json): ProviderRefund {
  const states: Readonly<Partial<Record<string, ProviderRefund['state']>>> = {
    COMPLETED: 'succeeded',
    REJECTED: 'failed',
    FAILED: 'failed',
  }
  const reference = textAt(refund, 'id')
  const amount = moneyFromSquare(at(refund, 'amount_money'))
  if (reference === undefined || amount === null)
    throw new PaymentError(
      'indeterminate',
      'Cannot read refund of Square: it has no amount or id',
      {
        provider: 'square',
      },
    )
  const state = states[textAt(refund, 'status') ?? ''] ?? 'pending'
  return {
    reference,
    state,
    amount,
    failure: state === 'failed' ? (textAt(refund, 'status') ?? '').toLowerCase() : null,
    raw: refund,
  }
}
