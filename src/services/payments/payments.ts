import { checkOptions } from '../../primitives/check-options.ts'
import { checkInteger } from '../../primitives/check-range.ts'
import { lateMethods } from '../../primitives/late-methods.ts'
import type { Idempotency } from '../../runtime/coordination/idempotency/idempotency.ts'
import type { Backend } from '../../runtime/ports/backend.ts'
import { systemClock, type Clock } from '../../runtime/ports/platform/clock.ts'
import type { Json } from '../../runtime/ports/json.ts'
import { systemRandom, type RandomSource } from '../../runtime/ports/platform/random-source.ts'
import type { MetricReading, Service } from '../../runtime/ports/service.ts'
import type { AuditEntry } from './audit/audit-trail.ts'
import type { Customers, PaymentMethods } from './customers/customers.ts'
import type { Disputes } from './disputes/disputes.ts'
import { createFraudCheck, type FraudRule } from './fraud/fraud-check.ts'
import type { HandleWebhookOptions } from './incoming/handle-webhook.ts'
import {
  checkHandlers,
  type PaymentEvent,
  type PaymentEventHandlers,
} from './incoming/payment-event.ts'
import type { ProcessPaymentOptions } from './incoming/process-payment.ts'
import type { WebhookReader } from './incoming/webhook-reader.ts'
import type {
  CaptureOptions,
  ConfirmOptions,
  PaymentChangeOptions,
} from './intents/change-payment.ts'
import type { Checkout, NewCheckout, NewSetup, Setup } from './intents/create-checkout.ts'
import type { PaymentRequest } from './intents/create-payment.ts'
import type { PaymentStore } from './intents/payment-store.ts'
import type { Payment } from './intents/payment.ts'
import type { ReconcileReport } from './intents/reconcile.ts'
import type { Invoices } from './invoices/invoices.ts'
import type { PaymentContext } from './payment-context.ts'
import type { ProviderPlan } from './providers/provider-billing.ts'
import type { PaymentProvider } from './providers/provider.ts'
import type { RefundRequest } from './refunds/refund-payment.ts'
import type { Refund } from './refunds/refund.ts'
import type { SubscriptionStore } from './subscriptions/subscription-store.ts'
import type { NewPlan, Subscriptions } from './subscriptions/subscriptions.ts'

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
  /**
   * Hears of handlers that threw after an answer (webhooks and `reconcile()` call them again), and
   * of authentic webhooks that cannot be read or name a payment that they are not about.
   */
  readonly onError?: (error: unknown) => void
  /** Default: the platform's. */
  readonly clock?: Clock
  /** Default: the platform's. */
  readonly random?: RandomSource
}

/** Payments at any of the configured providers, by one model. */
export interface Payments extends Service {
  /** Once for each operation id. */
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
const KEYS = [
  'backend',
  'providers',
  'fraud',
  'on',
  'readWebhook',
  'onError',
  'clock',
  'random',
] as const

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
  checkOptions('create payments', options, [], KEYS)
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
  const idempotency = lateMethods<Idempotency>({ run: true }, async () => {
    const { createIdempotency } =
      await import('../../runtime/coordination/idempotency/idempotency.ts')
    return createIdempotency({
      backend,
      partition: 'payments.once',
      keep: HANDLED_MS,
      clock,
      random,
    })
  })
  const subscriptionStore = lateMethods<SubscriptionStore>(
    { read: true, create: true, remove: true, change: true, keep: true, takeIn: true },
    async () => {
      const { createSubscriptionStore } = await import('./subscriptions/subscription-store.ts')
      return createSubscriptionStore(backend.store, clock)
    },
  )
  const store = lateMethods<PaymentStore>(
    {
      read: true,
      find: true,
      create: true,
      change: true,
      remove: true,
      audit: true,
      listOpen: true,
      postpone: true,
    },
    async () => {
      const { createPaymentStore } = await import('./intents/payment-store.ts')
      return createPaymentStore(backend.store, clock)
    },
  )
  const context: PaymentContext = {
    providers,
    store,
    fraud: options.fraud === undefined ? null : createFraudCheck(options.fraud, backend.rateLimits),
    clock,
    random,
    async changed(before, after) {
      if (Object.keys(handlers).length === 0) return
      const { tellChange } = await import('./incoming/apply-event.ts')
      const live = providers.get(after.provider)?.live ?? false
      // What was asked for has happened; the provider's webhook brings a handler its next chance.
      await tellChange(before, after, live, { handlers, idempotency }, onError)
    },
  }
  const shared = { subscriptions: subscriptionStore, idempotency, handlers, onError }

  return {
    name: 'payments',
    processors: [],
    async createPaymentIntent(request) {
      const { createPayment } = await import('./intents/create-payment.ts')
      return createPayment(context, request)
    },
    async confirmPayment(id, change) {
      const { confirmPayment } = await import('./intents/change-payment.ts')
      return confirmPayment(context, id, change)
    },
    async retrievePayment(id, { refresh = false } = {}) {
      if (refresh) {
        const { reconcile } = await import('./intents/reconcile.ts')
        return reconcile(context, id)
      }
      const { readPayment } = await import('./intents/read-payment.ts')
      return readPayment(context, id)
    },
    async capturePayment(id, change) {
      const { capturePayment } = await import('./intents/change-payment.ts')
      return capturePayment(context, id, change)
    },
    async cancelPayment(id, change) {
      const { cancelPayment } = await import('./intents/change-payment.ts')
      return cancelPayment(context, id, change)
    },
    async processPayment(input, how = {}) {
      const { processPayment } = await import('./incoming/process-payment.ts')
      return processPayment(context, input, how, shared)
    },
    async refundPayment(id, request) {
      const { refundPayment } = await import('./refunds/refund-payment.ts')
      return refundPayment(context, id, request)
    },
    async listRefunds(paymentId) {
      const { listRefunds } = await import('./intents/read-payment.ts')
      return listRefunds(context, paymentId)
    },
    async createCheckout(request) {
      const { createCheckout } = await import('./intents/create-checkout.ts')
      return createCheckout(context, request)
    },
    async createSetupIntent(request) {
      const { createSetup } = await import('./intents/create-checkout.ts')
      return createSetup(context, idempotency, request)
    },
    customers: lateMethods<Customers>({ create: true, retrieve: true, update: true }, async () => {
      const { createCustomers } = await import('./customers/customers.ts')
      return createCustomers(context, idempotency).customers
    }),
    paymentMethods: lateMethods<PaymentMethods>(
      { attach: true, list: true, detach: true },
      async () => {
        const { createCustomers } = await import('./customers/customers.ts')
        return createCustomers(context, idempotency).paymentMethods
      },
    ),
    async createPlan(request) {
      const { createPlan } = await import('./subscriptions/subscriptions.ts')
      return createPlan(context, idempotency, request)
    },
    subscriptions: lateMethods<Subscriptions>(
      {
        create: true,
        retrieve: true,
        change: true,
        previewChange: true,
        pause: true,
        resume: true,
        cancel: true,
        reactivate: true,
      },
      async () => {
        const { createSubscriptions } = await import('./subscriptions/subscriptions.ts')
        return createSubscriptions(context, subscriptionStore)
      },
    ),
    invoices: lateMethods<Invoices>(
      { create: true, retrieve: true, finalize: true, pay: true, void: true },
      async () => {
        const { createInvoices } = await import('./invoices/invoices.ts')
        return createInvoices(context, idempotency)
      },
    ),
    disputes: lateMethods<Disputes>(
      { list: true, retrieve: true, submitEvidence: true, accept: true },
      async () => {
        const { createDisputes } = await import('./disputes/disputes.ts')
        return createDisputes(context, idempotency)
      },
    ),
    async handleWebhook(request, how = {}) {
      const { handleWebhook } = await import('./incoming/handle-webhook.ts')
      return handleWebhook(context, request, how, { ...shared, readWebhook: options.readWebhook })
    },
    async reconcile(id, { signal } = {}) {
      const { reconcile } = await import('./intents/reconcile.ts')
      return reconcile(context, id, signal)
    },
    async reconcileAll({ limit = 100, signal } = {}) {
      checkInteger('reconcile payments', 'limit', limit, 1, 1000)
      const { reconcileAll } = await import('./intents/reconcile.ts')
      return reconcileAll(context, limit, signal)
    },
    auditTrail: (id, { after = 0, limit = 100 } = {}) =>
      store.audit(
        id,
        checkInteger('read audit trail', 'after', after, 0, 1e8),
        checkInteger('read audit trail', 'limit', limit, 1, 1000),
      ),
    async sweep() {
      const { reconcileAll } = await import('./intents/reconcile.ts')
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
