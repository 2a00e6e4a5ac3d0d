import { checkInteger } from '../../primitives/check-range.ts'
import { createIdempotency } from '../../runtime/coordination/idempotency/idempotency.ts'
import type { Backend } from '../../runtime/ports/backend.ts'
import { systemClock, type Clock } from '../../runtime/ports/platform/clock.ts'
import type { Json } from '../../runtime/ports/json.ts'
import { systemRandom, type RandomSource } from '../../runtime/ports/platform/random-source.ts'
import type { MetricReading, Service } from '../../runtime/ports/service.ts'
import type { AuditEntry } from './audit/audit-trail.ts'
import { createCustomers, type Customers, type PaymentMethods } from './customers/customers.ts'
import { createDisputes, type Disputes } from './disputes/disputes.ts'
import { createFraudCheck, type FraudRule } from './fraud/fraud-check.ts'
import { callHandler, transitionsOf } from './incoming/apply-event.ts'
import { handleWebhook, type HandleWebhookOptions } from './incoming/handle-webhook.ts'
import {
  checkHandlers,
  type PaymentEvent,
  type PaymentEventHandlers,
} from './incoming/payment-event.ts'
import { processPayment, type ProcessPaymentOptions } from './incoming/process-payment.ts'
import type { WebhookReader } from './incoming/webhook-reader.ts'
import {
  cancelPayment,
  capturePayment,
  confirmPayment,
  type CaptureOptions,
  type ConfirmOptions,
  type PaymentChangeOptions,
} from './intents/change-payment.ts'
import {
  createCheckout,
  createSetup,
  type Checkout,
  type NewCheckout,
  type NewSetup,
  type Setup,
} from './intents/create-checkout.ts'
import { createPayment, type PaymentRequest } from './intents/create-payment.ts'
import { paymentOf } from './intents/payment-record.ts'
import { createPaymentStore, notFound } from './intents/payment-store.ts'
import type { Payment } from './intents/payment.ts'
import { reconcile, reconcileAll, type ReconcileReport } from './intents/reconcile.ts'
import { createInvoices, type Invoices } from './invoices/invoices.ts'
import { checkKeys } from './operations/check-request.ts'
import type { PaymentContext } from './payment-context.ts'
import type { ProviderPlan } from './providers/provider-billing.ts'
import type { PaymentProvider } from './providers/provider.ts'
import { refundPayment, type RefundRequest } from './refunds/refund-payment.ts'
import { refundOf, type Refund } from './refunds/refund.ts'
import { createSubscriptionStore } from './subscriptions/subscription-store.ts'
import {
  createPlan,
  createSubscriptions,
  type NewPlan,
  type Subscriptions,
} from './subscriptions/subscriptions.ts'

/** What {@link createPayments} needs. */
export interface PaymentsOptions {
  /** Where payments are kept: `memory()`, `sqlite()`, `durableObjects()` or `redis()`. */
  readonly backend: Pick<Backend, 'store' | 'rateLimits'>
  /** By the names that requests choose them with. */
  readonly providers: Readonly<Record<string, PaymentProvider>>
  /** Rules that judge payments before they are created, all of them each time. Default: none. */
  readonly fraud?: readonly FraudRule[]
  /** Called once for what happens to payments, whichever report tells of it first. */
  readonly on?: PaymentEventHandlers
  /** Verifies webhooks: `readProviderWebhook` of `…/webhooks/providers`. */
  readonly readWebhook?: WebhookReader
  /** Hears of handlers that threw after an answer; webhooks and `reconcile()` call them again. */
  readonly onError?: (error: unknown) => void
  /** Default: the platform's. */
  readonly clock?: Clock
  /** Default: the platform's. */
  readonly random?: RandomSource
}

/** Payments at any of the configured providers, by one model. */
export interface Payments extends Service {
  /** See {@link createPayment}: once for each operation id. */
  createPaymentIntent(request: PaymentRequest): Promise<Payment>
  confirmPayment(id: string, options: ConfirmOptions): Promise<Payment>
  /** @param options `refresh` asks the provider, as `reconcile()` does. Default false: as kept */
  retrievePayment(id: string, options?: { readonly refresh?: boolean }): Promise<Payment>
  capturePayment(id: string, options: CaptureOptions): Promise<Payment>
  cancelPayment(id: string, options: PaymentChangeOptions): Promise<Payment>
  /** Takes a payment request, or the event of a webhook that was verified before. */
  processPayment(
    input: PaymentRequest | Json,
    options?: ProcessPaymentOptions,
  ): Promise<Payment | PaymentEvent>
  refundPayment(id: string, request: RefundRequest): Promise<Refund>
  /** Refunds of a payment, the oldest first, also those made at the provider's own site. */
  listRefunds(paymentId: string): Promise<readonly Refund[]>
  /** A page of the provider's where the customer pays. */
  createCheckout(request: NewCheckout): Promise<Checkout>
  /** Saves a means of payment for later. */
  createSetupIntent(request: NewSetup): Promise<Setup>
  readonly customers: Customers
  readonly paymentMethods: PaymentMethods
  createPlan(request: NewPlan): Promise<ProviderPlan>
  readonly subscriptions: Subscriptions
  readonly invoices: Invoices
  readonly disputes: Disputes
  /** Answers a provider's webhook. */
  handleWebhook(request: Request, options?: HandleWebhookOptions): Promise<Response>
  /** Finds out what became of a payment whose answer was lost, and of all that is open about it. */
  reconcile(id: string, options?: { readonly signal?: AbortSignal }): Promise<Payment>
  /** The same for up to `limit` payments that have been open for a minute. Default 100. */
  reconcileAll(options?: {
    readonly limit?: number
    readonly signal?: AbortSignal
  }): Promise<ReconcileReport>
  /** What was done to a payment, in order: up to 1,000 entries after a sequence number. */
  auditTrail(
    id: string,
    options?: { readonly after?: number; readonly limit?: number },
  ): Promise<readonly AuditEntry[]>
  /** Reconciles what is open. For a Cron Trigger. */
  sweep(): Promise<void>
}

/**
 * Whether a handler was called is remembered this long: longer than any provider repeats itself.
 */
const HANDLED_MS = 400 * 86_400_000
const KEYS = ['backend', 'providers', 'fraud', 'on', 'readWebhook', 'onError', 'clock', 'random']

/**
 * Creates the payments service.
 *
 * @throws TypeError, RangeError or PaymentError when an option is not as it should be
 * @example
 * const payments = createPayments({ backend: memory(), providers: { sandbox: sandbox() } })
 * const payment = await payments.createPaymentIntent({
 *   operationId: 'order-42',
 *   amount: money('49.90', 'EUR'),
 * })
 */
export function createPayments(options: PaymentsOptions): Payments {
  checkKeys('create payments', options, KEYS)
  const { backend, clock = systemClock, random = systemRandom, onError = () => {} } = options
  if (backend?.store === undefined)
    throw new TypeError(
      'Cannot create payments: backend is missing, memory(), sqlite(), durableObjects() or redis() expected',
    )
  const handlers = checkHandlers(options.on)
  const providers = new Map(Object.entries(options.providers ?? {}))
  for (const [name, provider] of providers) {
    if (!/^[\w-]{1,40}$/.test(name) || typeof provider?.createPayment !== 'function')
      throw new TypeError(
        `Cannot create payments: providers[${JSON.stringify(name.slice(0, 40))}] is no provider such as stripe({ secretKey })`,
      )
  }
  const idempotency = createIdempotency({
    backend,
    partition: 'payments.once',
    keep: HANDLED_MS,
    clock,
    random,
  })
  const subscriptionStore = createSubscriptionStore(backend.store, clock)
  const store = createPaymentStore(backend.store, clock)
  const context: PaymentContext = {
    providers,
    store,
    fraud: options.fraud === undefined ? null : createFraudCheck(options.fraud, backend.rateLimits),
    clock,
    random,
    async changed(before, after) {
      const live = providers.get(after.provider)?.live ?? false
      for (const event of transitionsOf(before, after, live)) {
        try {
          await callHandler(event, { handlers, idempotency })
        } catch (error) {
          // What was asked for has happened; the provider's webhook brings the handler its next
          // chance.
          onError(error)
        }
      }
    },
  }
  const shared = { subscriptions: subscriptionStore, idempotency, handlers }
  const { customers, paymentMethods } = createCustomers(context, idempotency)

  return {
    name: 'payments',
    processors: [],
    createPaymentIntent: (request) => createPayment(context, request),
    confirmPayment: (id, change) => confirmPayment(context, id, change),
    async retrievePayment(id, { refresh = false } = {}) {
      if (refresh) return reconcile(context, id)
      const record = typeof id === 'string' ? await store.read(id) : null
      if (record === null) throw notFound(id)
      return paymentOf(record)
    },
    capturePayment: (id, change) => capturePayment(context, id, change),
    cancelPayment: (id, change) => cancelPayment(context, id, change),
    processPayment: (input, how = {}) => processPayment(context, input, how, shared),
    refundPayment: (id, request) => refundPayment(context, id, request),
    async listRefunds(paymentId) {
      const record = typeof paymentId === 'string' ? await store.read(paymentId) : null
      if (record === null) throw notFound(paymentId)
      return Object.entries(record.refunds)
        .map(([id, entry]) => refundOf(record, id, entry))
        .toSorted((a, b) => a.createdAt - b.createdAt)
    },
    createCheckout: (request) => createCheckout(context, request),
    createSetupIntent: (request) => createSetup(context, idempotency, request),
    customers,
    paymentMethods,
    createPlan: (request) => createPlan(context, idempotency, request),
    subscriptions: createSubscriptions(context, subscriptionStore),
    invoices: createInvoices(context, idempotency),
    disputes: createDisputes(context, idempotency),
    handleWebhook: (request, how = {}) =>
      handleWebhook(context, request, how, { ...shared, readWebhook: options.readWebhook }),
    reconcile: (id, { signal } = {}) => reconcile(context, id, signal),
    reconcileAll: ({ limit = 100, signal } = {}) =>
      reconcileAll(context, checkInteger('reconcile payments', 'limit', limit, 1, 1000), signal),
    auditTrail: (id, { after = 0, limit = 100 } = {}) =>
      store.audit(
        id,
        checkInteger('read audit trail', 'after', after, 0, 1e8),
        checkInteger('read audit trail', 'limit', limit, 1, 1000),
      ),
    async sweep() {
      const { failed } = await reconcileAll(context, 100)
      for (const { error } of failed) onError(error)
    },
    async readMetrics(): Promise<readonly MetricReading[]> {
      const open = await store.listOpen(1000)
      return [
        {
          name: 'payments_open',
          help: 'Payments of which something is not known yet, 1,000 at most',
          type: 'gauge',
          labels: {},
          value: open.length,
        },
      ]
    },
  }
}
