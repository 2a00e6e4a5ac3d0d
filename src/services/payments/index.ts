export { IdempotencyConflictError } from '../../runtime/coordination/idempotency/idempotency-conflict-error.ts'
export {
  IdempotencyError,
  type IdempotencyErrorCode,
} from '../../runtime/coordination/idempotency/idempotency-error.ts'
export { IdempotencyInProgressError } from '../../runtime/coordination/idempotency/idempotency-in-progress-error.ts'
export { BackendError, type BackendErrorCode } from '../../runtime/ports/backend-error.ts'
export { InfrastructureError } from '../../runtime/ports/infrastructure-error.ts'
export { NotConfiguredError } from '../../runtime/ports/not-configured-error.ts'
export type { AuditEntry } from './audit/audit-trail.ts'
export { configurePayments } from './configure-payments.ts'
export type { Customers, NewCustomer, PaymentMethods } from './customers/customers.ts'
export type { DisputeChangeOptions, DisputePage, Disputes } from './disputes/disputes.ts'
export type { FraudAction, FraudRule, FraudSignals, FraudSubject } from './fraud/fraud-check.ts'
export {
  createPaymentIntent,
  createSubscription,
  handleWebhook,
  processPayment,
  refundPayment,
} from './free-functions.ts'
export type { HandleWebhookOptions } from './incoming/handle-webhook.ts'
export type {
  PaymentEvent,
  PaymentEventHandler,
  PaymentEventHandlers,
} from './incoming/payment-event.ts'
export type { ProcessPaymentOptions } from './incoming/process-payment.ts'
export type { WebhookReader } from './incoming/webhook-reader.ts'
export type {
  CaptureOptions,
  ConfirmOptions,
  PaymentChangeOptions,
} from './intents/change-payment.ts'
export type { Checkout, NewCheckout, NewSetup, Setup } from './intents/create-checkout.ts'
export type { PaymentRequest } from './intents/create-payment.ts'
export type { Payment, PaymentAmounts } from './intents/payment.ts'
export type { ReconcileReport } from './intents/reconcile.ts'
export type { InvoiceChangeOptions, Invoices, NewInvoice } from './invoices/invoices.ts'
export { CURRENCIES, currencyDecimals } from './money/currency.ts'
export {
  allocateMoney,
  convertMoney,
  multiplyMoney,
  ratio,
  type Ratio,
  type Rounding,
} from './money/divide-money.ts'
export { formatMoney } from './money/format-money.ts'
export {
  addMoney,
  compareMoney,
  minorMoney,
  money,
  readMoney,
  subtractMoney,
  type Money,
  type MoneyInput,
  type MoneyJson,
} from './money/money.ts'
export {
  PaymentError,
  type PaymentErrorCode,
  type PaymentErrorDetails,
  type PaymentRetry,
} from './payment-error.ts'
export { createPayments, type Payments, type PaymentsOptions } from './payments.ts'
export type {
  DisputeEvidence,
  ProviderDispute,
  ProviderInvoice,
  ProviderMethod,
  ProviderPlan,
  SubscriptionState,
} from './providers/provider-billing.ts'
export type {
  NextAction,
  PaymentState,
  ProviderRisk,
  RefundReason,
} from './providers/provider-payment.ts'
export type {
  PaymentEventType,
  PaymentProvider,
  ProviderCapabilities,
  ProviderWebhookSettings,
} from './providers/provider.ts'
export type { RefundRequest } from './refunds/refund-payment.ts'
export type { Refund } from './refunds/refund.ts'
export {
  billingPeriod,
  billingPeriodAt,
  type BillingAnchor,
  type BillingInterval,
  type BillingPeriod,
} from './subscriptions/billing-period.ts'
export { prorate, type Proration, type ProrationRequest } from './subscriptions/proration.ts'
export type { Subscription } from './subscriptions/subscription.ts'
export type {
  ChangeSubscriptionOptions,
  NewPlan,
  NewSubscription,
  PreviewOptions,
  SubscriptionChangeOptions,
  Subscriptions,
} from './subscriptions/subscriptions.ts'
