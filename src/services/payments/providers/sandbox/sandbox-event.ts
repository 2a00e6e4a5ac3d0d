import type { Json } from '../../../../runtime/ports/json.ts'
import { minorMoney, readMoney, type Money, type MoneyJson } from '../../money/money.ts'
import { PaymentError } from '../../payment-error.ts'
import type { ProviderEvent } from '../provider.ts'
import { at, textAt } from '../provider-http.ts'
import type {
  NextAction,
  PaymentState,
  ProviderPayment,
  ProviderRefund,
} from '../provider-payment.ts'

/** Reads an event that the sandbox wrote. @throws PaymentError `invalid_request` when it is none */
export function eventFromSandbox(event: Json): ProviderEvent {
  const [id, type] = [textAt(event, 'id'), textAt(event, 'type')]
  if (textAt(event, 'object') !== 'sandbox.event' || id === undefined || type === undefined)
    throw new PaymentError('invalid_request', 'Cannot read event: it is none of the sandbox', {
      provider: 'sandbox',
    })
  const data = at(event, 'data') ?? null
  const isRefund = textAt(data, 'object') === 'sandbox.refund'
  const payment = paymentFromSandbox(isRefund ? (at(data, 'payment') ?? null) : data)
  return {
    id,
    // One of the types: the sandbox wrote it.
    type: type as ProviderEvent['type'],
    providerType: type,
    occurredAt: Number(at(event, 'at')),
    live: false,
    paymentId: textAt(isRefund ? at(data, 'payment') : data, 'paymentId') ?? null,
    paymentReference: payment.reference,
    payment,
    ...(isRefund && { refund: refundFromSandbox(data) }),
    raw: event,
  }
}

function paymentFromSandbox(raw: Json): ProviderPayment {
  const amount = moneyAt(raw)
  const money = (name: string): Money =>
    minorMoney(BigInt(textAt(raw, name) ?? '0'), amount.currency)
  return {
    reference: textAt(raw, 'reference') ?? '',
    alsoKnownAs: [],
    // As the sandbox wrote them.
    state: (textAt(raw, 'state') ?? '') as PaymentState,
    nextAction: (at(raw, 'nextAction') ?? null) as NextAction | null,
    amount,
    authorized: money('authorized'),
    captured: money('captured'),
    refunded: money('refunded'),
    decline: null,
    risk: { level: 'low', score: 5, reasons: [] },
    changedAt: Number(at(raw, 'changedAt')),
    handles: {},
    raw,
  }
}

function refundFromSandbox(raw: Json): ProviderRefund {
  const state = (textAt(raw, 'state') ?? '') as ProviderRefund['state']
  return {
    reference: textAt(raw, 'reference') ?? '',
    state,
    amount: moneyAt(raw),
    failure: state === 'failed' ? 'sandbox' : null,
    raw,
  }
}

function moneyAt(raw: Json): Money {
  return readMoney(at(raw, 'amount') as unknown as MoneyJson)
}
