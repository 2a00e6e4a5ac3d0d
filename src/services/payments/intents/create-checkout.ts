import { canonicalJson } from '../../../primitives/canonical-json.ts'
import type { Idempotency } from '../../../runtime/coordination/idempotency/idempotency.ts'
import type { FraudSignals } from '../fraud/fraud-check.ts'
import { judge } from '../fraud/judge.ts'
import { readMoney, type MoneyInput } from '../money/money.ts'
import { callOnce } from '../operations/call-once.ts'
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
  withPaymentId,
  type PaymentContext,
} from '../payment-context.ts'
import { PaymentError } from '../payment-error.ts'
import type { CheckoutRequest } from '../providers/provider-billing.ts'
import type { NextAction } from '../providers/provider-payment.ts'
import { newRecord, noteRepetition, requestOf } from './create-payment.ts'
import type { Payment } from './payment.ts'
import { paymentOf, type PaymentRecord } from './payment-record.ts'

/** What a customer is to pay on a page of the provider's. */
export interface NewCheckout {
  readonly operationId: string
  readonly provider?: string | undefined
  readonly amount: MoneyInput
  /** What it is for, as the customer sees it: 1 to 120 characters. */
  readonly name: string
  /** Default `automatic`. */
  readonly capture?: 'automatic' | 'manual' | undefined
  readonly customer?: string | undefined
  /** Where the customer comes back to: https. */
  readonly returnUrl: string
  readonly cancelUrl?: string | undefined
  readonly metadata?: Readonly<Record<string, string>> | undefined
  /** For the fraud rules alone. */
  readonly fraud?: FraudSignals | undefined
  readonly signal?: AbortSignal | undefined
}

/** A page of the provider's, with the payment that it leads to. */
export interface Checkout {
  readonly payment: Payment
  /** Send the customer there. */
  readonly url: string
  /** ms since 1970; `null` where the provider does not say. */
  readonly expiresAt: number | null
}

/** A means of payment that is to be saved. */
export interface NewSetup {
  readonly operationId: string
  readonly provider?: string | undefined
  readonly customer?: string | undefined
  /**
   * A token that the browser got, where it has one already. At PayPal the `reference` of the setup
   * that the payer has approved.
   */
  readonly paymentMethod?: string | undefined
  readonly returnUrl?: string | undefined
  readonly signal?: AbortSignal | undefined
}

/** How the saving of a means of payment stands. */
export interface Setup {
  readonly reference: string
  readonly state: 'requires_action' | 'processing' | 'succeeded' | 'failed' | 'canceled'
  readonly nextAction: NextAction | null
  /** The token to pay with later. */
  readonly paymentMethod: string | null
}

/** Before its page is known; whoever found it first may know more. */
const WAITING = ['indeterminate', 'requires_payment_method']

const KEYS = [
  'operationId',
  'provider',
  'amount',
  'name',
  'capture',
  'customer',
  'returnUrl',
  'cancelUrl',
  'metadata',
  'fraud',
  'signal',
]

/** @throws PaymentError */
export async function createCheckout(
  context: PaymentContext,
  request: NewCheckout,
): Promise<Checkout> {
  const action = 'create checkout'
  checkKeys(action, request, KEYS)
  const operationId = checkOperationId(action, request.operationId)
  const { name, provider } = findProvider(context, action, request.provider)
  if (provider.createCheckout === undefined)
    throw new PaymentError('unsupported', `Cannot ${action}: ${provider.name} has no such page`)
  const id = await deriveId('pay', operationId)
  const wanted = readCheckout(action, request, id)
  provider.checkAmount(wanted.amount)
  const fingerprint = await deriveKey(
    name,
    'checkout',
    canonicalJson({ ...wanted, amount: wanted.amount.toJSON() }),
  )
  const found = await context.store.read(id)
  const asked =
    found === null ? await judge(context, action, provider, request.fraud, wanted) : wanted
  const { record, isNew } = await context.store.create(
    {
      ...newRecord(id, name, fingerprint, paymentRequestOf(asked), context.clock.now()),
      isPage: true,
    },
    { action, cause: operationId, amount: asked.amount.minor.toString() },
  )
  if (record.fingerprint !== fingerprint)
    throw new PaymentError(
      'conflict',
      `Cannot ${action}: the operation id was used before for another payment`,
      { paymentId: record.id, provider: record.provider },
    )
  const known = record.handles['checkoutUrl']
  if (known !== undefined)
    return checkoutOf(paymentOf(record), known, record.handles['checkoutEnds'])
  const idempotencyKey = await deriveKey('checkout', id, fingerprint)
  if (!isNew) await noteRepetition(context, record)
  try {
    const seen = await provider.createCheckout(judgedOf(asked, record), {
      idempotencyKey,
      signal: request.signal,
    })
    const { after } = await context.store.change(
      id,
      { action: `${action} answered` },
      (present) => ({
        ...present,
        state: WAITING.includes(present.state) ? 'requires_action' : present.state,
        reference: present.reference ?? seen.paymentReference,
        aliases: [...new Set([...present.aliases, seen.reference])],
        nextAction: { type: 'redirect', url: seen.url },
        handles: {
          ...present.handles,
          checkout: seen.reference,
          checkoutUrl: seen.url,
          ...(seen.expiresAt !== null && { checkoutEnds: String(seen.expiresAt) }),
        },
      }),
    )
    return checkoutOf(paymentOf(after), seen.url, after.handles['checkoutEnds'])
  } catch (error) {
    await context.store.remove(
      id,
      (present) =>
        present.handles['checkoutUrl'] === undefined &&
        isCertainlyUndone(error, present.repeated === present.attempt),
    )
    throw withPaymentId(error, id)
  }
}

/** @throws PaymentError */
export async function createSetup(
  context: PaymentContext,
  idempotency: Idempotency,
  request: NewSetup,
): Promise<Setup> {
  const action = 'create setup intent'
  checkKeys(action, request, [
    'operationId',
    'provider',
    'customer',
    'paymentMethod',
    'returnUrl',
    'signal',
  ])
  const { name, provider } = findProvider(context, action, request.provider)
  const asked = {
    customer: checkToken(action, 'customer', request.customer),
    paymentMethod: checkToken(action, 'paymentMethod', request.paymentMethod),
    returnUrl: checkUrl(action, 'returnUrl', request.returnUrl),
  }
  const { reference, state, nextAction, paymentMethod } = await callOnce(idempotency, {
    action,
    provider: name,
    operationId: checkOperationId(action, request.operationId),
    request: asked,
    signal: request.signal,
    call: (call) => {
      if (provider.createSetup !== undefined) return provider.createSetup(asked, call)
      throw new PaymentError(
        'unsupported',
        `Cannot ${action}: ${provider.name} saves nothing without a payment`,
      )
    },
  })
  return { reference, state, nextAction, paymentMethod }
}

/** As the rules decided when it was first asked for. */
function judgedOf(asked: CheckoutRequest, record: PaymentRecord): CheckoutRequest {
  const { capture, threeDSecure, metadata } = requestOf(record)
  return { ...asked, capture, threeDSecure, metadata }
}

function readCheckout(action: string, request: NewCheckout, paymentId: string): CheckoutRequest {
  const { capture = 'automatic' } = request
  if (capture !== 'automatic' && capture !== 'manual')
    throw invalid(action, 'capture is neither "automatic" nor "manual"')
  const name = checkText(action, 'name', request.name, 120)
  const returnUrl = checkUrl(action, 'returnUrl', request.returnUrl)
  if (name === undefined || name === '') throw invalid(action, 'name is missing')
  if (returnUrl === undefined) throw invalid(action, 'returnUrl is missing')
  const amount = readMoney(request.amount)
  if (amount.minor <= 0n) throw invalid(action, 'the amount is 0 or less, more expected')
  return {
    paymentId,
    amount,
    name,
    capture,
    customer: checkToken(action, 'customer', request.customer),
    returnUrl,
    cancelUrl: checkUrl(action, 'cancelUrl', request.cancelUrl),
    metadata: checkMetadata(action, request.metadata),
  }
}

function paymentRequestOf(asked: CheckoutRequest): Parameters<typeof newRecord>[3] {
  const { name, ...rest } = asked
  return {
    ...rest,
    description: name,
    confirm: false,
    offSession: false,
    saveMethod: false,
    threeDSecure: asked.threeDSecure ?? 'automatic',
  }
}

function checkoutOf(payment: Payment, url: string, endsAt: string | undefined): Checkout {
  return { payment, url, expiresAt: endsAt === undefined ? null : Number(endsAt) }
}
