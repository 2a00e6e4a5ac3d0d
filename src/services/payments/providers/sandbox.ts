import { eventFromSandbox } from './sandbox/sandbox-event.ts'
import { sandboxSubscriptions } from './sandbox/sandbox-subscriptions.ts'
import { checkOptions } from '../../../primitives/check-options.ts'
import type { Json } from '../../../runtime/ports/json.ts'
import { minorMoney, type Money } from '../money/money.ts'
import { PaymentError, type PaymentErrorCode } from '../payment-error.ts'
import type { ProviderCustomer } from './provider-billing.ts'
import type {
  NextAction,
  PaymentState,
  ProviderCall,
  ProviderPayment,
  ProviderPaymentRequest,
  ProviderRefund,
} from './provider-payment.ts'
import type { PaymentProvider } from './provider.ts'

export { InfrastructureError } from '../../../runtime/ports/infrastructure-error.ts'
export { PaymentError, type PaymentErrorCode } from '../payment-error.ts'

/** Tokens whose payments end in a certain way; anything else is paid. */
export const SANDBOX_METHODS = {
  /** Succeeds at once. */
  success: 'pm_success',
  /** Asks the customer to prove who they are; `confirmPayment()` afterwards succeeds. */
  threeDSecure: 'pm_3ds',
  declined: 'pm_declined',
  insufficientFunds: 'pm_insufficient_funds',
  /** Stays in processing until its webhook or `settle()`. */
  processing: 'pm_processing',
  /** The payment is made, but its answer gets lost. */
  lostAnswer: 'pm_lost_answer',
  /** Nothing happens: the provider is down. */
  unavailable: 'pm_unavailable',
} as const

/** Options of {@link sandbox}. */
export interface SandboxOptions {
  /** Where the page for 3-D Secure would be. Default `https://sandbox.invalid/3ds`. */
  readonly actionUrl?: string
  /** ms since 1970, for the time of changes. Default: counts calls. */
  readonly now?: () => number
  /** Signs webhooks that `webhook()` makes. Default: none, webhooks are refused. */
  readonly webhookSecret?: string
  /** Refunds that stay pending until `settleRefund()`. Default false. */
  readonly pendingRefunds?: boolean
}

/** A provider that moves no money: for development and tests. It says so, by `live: false`. */
export interface Sandbox extends PaymentProvider {
  /** Ends what is processing. @returns The event that a provider would send */
  settle(reference: string, state: 'succeeded' | 'failed'): Json
  /** Ends a pending refund. @returns The event that a provider would send */
  settleRefund(reference: string, state: 'succeeded' | 'failed'): Json
  /** The event of a payment as it stands now. */
  event(reference: string): Json
  /** The next call of this kind ends with this failure instead. */
  failNext(call: SandboxCall, failure: SandboxFailure): void
  /** How often each call was carried out, repetitions of a key not counted. */
  readonly carriedOut: Readonly<Record<SandboxCall, number>>
}

/** What can be made to fail. */
export type SandboxCall = 'create' | 'confirm' | 'capture' | 'cancel' | 'refund' | 'retrieve'

/** How a call fails: `lost_answer` after it was carried out, every other before. */
export type SandboxFailure = 'lost_answer' | PaymentErrorCode

interface KeptPayment {
  readonly paymentId: string
  readonly reference: string
  readonly request: ProviderPaymentRequest
  state: PaymentState
  authorized: bigint
  captured: bigint
  refunded: bigint
  nextAction: NextAction | null
  changedAt: number
}

interface KeptRefund {
  readonly reference: string
  readonly payment: KeptPayment
  readonly amount: bigint
  state: ProviderRefund['state']
}

const DAY_MS = 86_400_000
const OPTIONS = ['actionUrl', 'now', 'webhookSecret', 'pendingRefunds'] as const
const NO_RISK = { level: 'low', score: 5, reasons: [] } as const

/**
 * Creates a sandbox: a provider in memory whose payments end as their token says, see
 * {@link SANDBOX_METHODS}. It keeps keys, states and amounts as strictly as the real ones.
 *
 * @example
 * const payments = createPayments({ backend: memory(), providers: { sandbox: sandbox() } })
 */
export function sandbox(options: SandboxOptions = {}): Sandbox {
  checkOptions('use the sandbox', options, [], OPTIONS)
  const { actionUrl = 'https://sandbox.invalid/3ds', pendingRefunds = false } = options
  const payments = new Map<string, KeptPayment>()
  const refunds = new Map<string, KeptRefund>()
  const answers = new Map<string, { readonly body: string; readonly answer: () => unknown }>()
  const failures = new Map<SandboxCall, SandboxFailure>()
  const lost = new Set<string>()
  const carriedOut = { create: 0, confirm: 0, capture: 0, cancel: 0, refund: 0, retrieve: 0 }
  let steps = 0
  const now = options.now ?? (() => ++steps)

  /** Does what is asked for once a key, and fails as the script says. */
  function once<Answer>(
    call: SandboxCall,
    { idempotencyKey }: ProviderCall,
    body: unknown,
    act: () => () => Answer,
  ): Answer {
    const text = JSON.stringify(body, (_, value: unknown) =>
      typeof value === 'bigint' ? value.toString() : value,
    )
    const failure = failures.get(call)
    failures.delete(call)
    // Whoever refuses calls does so before looking at keys.
    if (failure !== undefined && failure !== 'lost_answer') throw refused(failure, 'it is scripted')
    const known = idempotencyKey === undefined ? undefined : answers.get(idempotencyKey)
    if (known !== undefined) {
      if (known.body !== text)
        throw refused('invalid_request', 'the key was used before with another request')
      if (failure === 'lost_answer') throw refused('indeterminate', 'the answer was lost')
      // Of the same call, so of the same kind.
      return known.answer() as Answer
    }
    const answer = act()
    carriedOut[call]++
    if (idempotencyKey !== undefined) answers.set(idempotencyKey, { body: text, answer })
    if (failure === 'lost_answer') throw refused('indeterminate', 'the answer was lost')
    return answer()
  }

  function find(reference: string): KeptPayment {
    const payment = payments.get(reference)
    if (payment !== undefined) return payment
    throw refused('not_found', 'there is no such payment')
  }

  function pay(payment: KeptPayment, method: string | undefined): void {
    payment.changedAt = now()
    payment.nextAction = null
    if (method === SANDBOX_METHODS.declined || method === SANDBOX_METHODS.insufficientFunds) {
      payment.state = 'requires_payment_method'
      throw declined(method)
    }
    const wants3ds =
      method === SANDBOX_METHODS.threeDSecure || payment.request.threeDSecure === 'challenge'
    if (wants3ds && payment.state !== 'requires_action') {
      payment.state = 'requires_action'
      payment.nextAction = { type: 'redirect', url: `${actionUrl}/${payment.reference}` }
      return
    }
    if (method === SANDBOX_METHODS.processing) {
      payment.state = 'processing'
      payment.nextAction = { type: 'await' }
      return
    }
    const minor = payment.request.amount.minor
    payment.authorized = minor
    if (payment.request.capture === 'manual') payment.state = 'requires_capture'
    else {
      payment.state = 'succeeded'
      payment.captured = minor
    }
  }

  const moneyIn = (payment: KeptPayment, minor: bigint): Money =>
    minorMoney(minor, payment.request.amount.currency)

  function answerOf(payment: KeptPayment): ProviderPayment {
    return {
      reference: payment.reference,
      alsoKnownAs: [],
      state: payment.state,
      amount: payment.request.amount,
      authorized: moneyIn(payment, payment.authorized),
      captured: moneyIn(payment, payment.captured),
      refunded: moneyIn(payment, payment.refunded),
      nextAction: payment.nextAction,
      decline: null,
      risk: NO_RISK,
      changedAt: payment.changedAt,
      handles: {},
      raw: rawOf(payment),
    }
  }

  function rawOf(payment: KeptPayment): { readonly [key: string]: Json } {
    const { reference, paymentId, state, changedAt, request } = payment
    return {
      object: 'sandbox.payment',
      reference,
      paymentId,
      state,
      changedAt,
      amount: { ...request.amount.toJSON() },
      authorized: payment.authorized.toString(),
      captured: payment.captured.toString(),
      refunded: payment.refunded.toString(),
      nextAction: payment.nextAction,
    }
  }

  const refundOf = (refund: KeptRefund): ProviderRefund => ({
    reference: refund.reference,
    state: refund.state,
    amount: moneyIn(refund.payment, refund.amount),
    failure: refund.state === 'failed' ? 'sandbox' : null,
    raw: rawRefundOf(refund),
  })

  function rawRefundOf(refund: KeptRefund): { readonly [key: string]: Json } {
    return {
      object: 'sandbox.refund',
      reference: refund.reference,
      payment: rawOf(refund.payment),
      amount: { ...moneyIn(refund.payment, refund.amount).toJSON() },
      state: refund.state,
    }
  }

  const eventOf = (type: string, data: Json): Json => ({
    object: 'sandbox.event',
    id: `evt_${++steps}`,
    type,
    at: now(),
    data,
  })

  const { webhookSecret } = options
  return {
    name: 'sandbox',
    live: false,
    capabilities: {
      manualCapture: true,
      partialCapture: true,
      multipleCaptures: true,
      threeDSecure: true,
      checkout: true,
      setupIntents: true,
      customers: true,
      paymentMethods: false,
      subscriptions: true,
      pauseSubscriptions: true,
      invoices: false,
      disputes: false,
      idempotencyMs: DAY_MS,
    },
    ...(webhookSecret !== undefined && {
      webhooks: { scheme: 'standard', secrets: [webhookSecret] } as const,
    }),
    carriedOut,
    failNext: (call, failure) => void failures.set(call, failure),
    checkAmount() {},
    async createPayment(request, call) {
      const method = request.paymentMethod
      if (method === SANDBOX_METHODS.unavailable)
        throw refused('provider_unavailable', 'it is scripted')
      const answer = once('create', call, request, () => {
        const reference = `sbx_${payments.size + 1}`
        const payment: KeptPayment = {
          paymentId: request.paymentId,
          reference,
          request,
          state: method === undefined ? 'requires_payment_method' : 'requires_confirmation',
          authorized: 0n,
          captured: 0n,
          refunded: 0n,
          nextAction: null,
          changedAt: now(),
        }
        payments.set(reference, payment)
        const failure = request.confirm ? failureOf(() => pay(payment, method)) : null
        if (failure !== null) payments.delete(reference)
        return () => {
          if (failure !== null) throw failure
          return answerOf(payment)
        }
      })
      if (method === SANDBOX_METHODS.lostAnswer && !lost.has(answer.reference)) {
        lost.add(answer.reference)
        throw refused('indeterminate', 'the answer was lost')
      }
      return answer
    },
    async retrievePayment({ reference }, call) {
      return once('retrieve', call, reference, () => {
        const payment = find(reference)
        return () => answerOf(payment)
      })
    },
    async findPayment({ paymentId }) {
      carriedOut.retrieve++
      const payment = [...payments.values()].find((kept) => kept.paymentId === paymentId)
      return payment === undefined ? null : answerOf(payment)
    },
    async confirmPayment({ reference }, { paymentMethod }, call) {
      return once('confirm', call, [reference, paymentMethod], () => {
        const payment = find(reference)
        if (['succeeded', 'canceled', 'requires_capture'].includes(payment.state))
          throw refused('conflict', `its state is ${payment.state}`)
        pay(payment, paymentMethod ?? payment.request.paymentMethod)
        return () => answerOf(payment)
      })
    },
    async capturePayment({ reference }, amount, call) {
      return once('capture', call, [reference, amount?.minor], () => {
        const payment = find(reference)
        const open = payment.authorized - payment.captured
        const minor = amount?.minor ?? open
        if (payment.state !== 'requires_capture' || minor > open || minor <= 0n)
          throw refused('conflict', 'it cannot be captured so')
        payment.captured += minor
        payment.changedAt = now()
        if (payment.captured === payment.authorized || amount === null) payment.state = 'succeeded'
        return () => answerOf(payment)
      })
    },
    async cancelPayment({ reference }, call) {
      return once('cancel', call, reference, () => {
        const payment = find(reference)
        if (payment.state === 'succeeded' || payment.captured > 0n)
          throw refused('conflict', 'it was captured')
        payment.state = 'canceled'
        payment.nextAction = null
        payment.changedAt = now()
        return () => answerOf(payment)
      })
    },
    async refundPayment({ reference }, { refundId, amount }, call) {
      return once('refund', call, [reference, refundId, amount.minor], () => {
        const payment = find(reference)
        const pending = [...refunds.values()]
          .filter((refund) => refund.payment === payment && refund.state === 'pending')
          .map((refund) => refund.amount)
        let held = payment.refunded
        for (const minor of pending) held += minor
        if (amount.minor > payment.captured - held)
          throw refused('refund_exceeds_capture', 'more is asked for than there is')
        const refund: KeptRefund = {
          reference: `sbxr_${refunds.size + 1}`,
          payment,
          amount: amount.minor,
          state: pendingRefunds ? 'pending' : 'succeeded',
        }
        refunds.set(refund.reference, refund)
        if (!pendingRefunds) payment.refunded += amount.minor
        return () => refundOf(refund)
      })
    },
    async retrieveRefund(reference) {
      const refund = refunds.get(reference)
      if (refund === undefined) throw refused('not_found', 'there is no such refund')
      return refundOf(refund)
    },
    readEvent: eventFromSandbox,
    settle(reference, state) {
      const payment = find(reference)
      payment.state = state
      payment.nextAction = null
      payment.changedAt = now()
      if (state === 'succeeded') {
        payment.authorized = payment.request.amount.minor
        payment.captured = payment.request.amount.minor
      }
      return eventOf(`payment.${state}`, rawOf(payment))
    },
    settleRefund(reference, state) {
      const refund = refunds.get(reference)
      if (refund === undefined) throw refused('not_found', 'there is no such refund')
      if (refund.state === 'pending' && state === 'succeeded')
        refund.payment.refunded += refund.amount
      if (refund.state === 'succeeded' && state === 'failed')
        refund.payment.refunded -= refund.amount
      refund.state = state
      return eventOf(state === 'failed' ? 'refund.failed' : 'refund.updated', rawRefundOf(refund))
    },
    event(reference) {
      const payment = find(reference)
      return eventOf(EVENTS[payment.state] ?? 'other', rawOf(payment))
    },
    customers: {
      create: async ({ id, name }) => customerOf(id ?? name ?? 'customer'),
      retrieve: async (reference) => customerOf(reference),
      update: async (reference) => customerOf(reference),
    },
    createSetup: async ({ paymentMethod }) => ({
      reference: `sbxs_${++steps}`,
      state: 'succeeded',
      nextAction: null,
      paymentMethod: paymentMethod ?? SANDBOX_METHODS.success,
      raw: { object: 'sandbox.setup' },
    }),
    async createCheckout(request, call) {
      const answer = await this.createPayment(
        {
          ...request,
          confirm: false,
          offSession: false,
          saveMethod: false,
          threeDSecure: 'automatic',
        },
        call,
      )
      return {
        reference: `${answer.reference}_page`,
        url: `${actionUrl}/${answer.reference}`,
        expiresAt: null,
        paymentReference: answer.reference,
        raw: answer.raw,
      }
    },
    subscriptions: sandboxSubscriptions(now),
  }
}

const EVENTS: Partial<Record<PaymentState, string>> = {
  requires_action: 'payment.requires_action',
  processing: 'payment.processing',
  requires_capture: 'payment.authorized',
  succeeded: 'payment.succeeded',
  failed: 'payment.failed',
  canceled: 'payment.canceled',
}

function failureOf(act: () => void): PaymentError | null {
  try {
    act()
  } catch (error) {
    if (error instanceof PaymentError) return error
    throw error
  }
  return null
}

function declined(method: string): PaymentError {
  const declineCode =
    method === SANDBOX_METHODS.insufficientFunds ? 'insufficient_funds' : 'generic_decline'
  return new PaymentError('declined', 'Cannot pay: the sandbox declines this token', {
    provider: 'sandbox',
    declineCode,
    advice: 'try_again_later',
  })
}

function customerOf(name: string): ProviderCustomer {
  const reference = name.startsWith('sbxc_') ? name : `sbxc_${name}`
  return { reference, raw: { object: 'sandbox.customer' } }
}

function refused(code: PaymentErrorCode, why: string): PaymentError {
  return new PaymentError(code, `Cannot call sandbox: ${why}`, { provider: 'sandbox' })
}
