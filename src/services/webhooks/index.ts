export { IdempotencyConflictError } from '../../runtime/coordination/idempotency/idempotency-conflict-error.ts'
export {
  IdempotencyError,
  type IdempotencyErrorCode,
} from '../../runtime/coordination/idempotency/idempotency-error.ts'
export { IdempotencyInProgressError } from '../../runtime/coordination/idempotency/idempotency-in-progress-error.ts'
export { AddressRefusedError } from '../../runtime/platforms/node/address-refused-error.ts'
export { BackendError, type BackendErrorCode } from '../../runtime/ports/backend-error.ts'
export type { ServiceMetrics } from '../../runtime/ports/service-metrics.ts'
export type { TraceCarrier, TracedWork, TraceHeaders } from '../../runtime/ports/trace-carrier.ts'
export { InfrastructureError } from '../../runtime/ports/infrastructure-error.ts'
export {
  JobAbortError,
  type JobAbortErrorCode,
} from '../../runtime/ports/job-store/job-abort-error.ts'
export { NotConfiguredError } from '../../runtime/ports/not-configured-error.ts'
export { DELIVERY_STATES, type Delivery, type DeliveryAttempt } from './deliveries/delivery.ts'
export type { Deliveries, ReplayFilter } from './deliveries/deliveries.ts'
export type { WebhookTransform } from './deliveries/render-body.ts'
export type { ContentFilter } from './endpoints/content-filter.ts'
export type {
  CreatedEndpoint,
  EndpointRateLimit,
  ExistingEndpoint,
  WebhookEndpoint,
} from './endpoints/endpoint.ts'
export type { CreateEndpointOptions, UpdateEndpointOptions } from './endpoints/endpoint.ts'
export { tenantOfEndpoint } from './endpoints/endpoint-id.ts'
export type { Endpoints } from './endpoints/endpoints.ts'
export {
  WebhookVerificationError,
  type WebhookVerificationCode,
} from './webhook-verification-error.ts'
export type { HostResolver } from './outbound/host-resolver.ts'
export { refusedRange } from './outbound/public-address.ts'
export { createHttpsResolver } from './outbound/resolve-over-https.ts'
export type { OutboundPolicy } from './outbound/url-policy.ts'
export { handleWebhooks, type HandleWebhooksOptions } from './receiving/handle-webhooks.ts'
export { readWebhook, type ReadWebhookOptions } from './receiving/read-webhook.ts'
export type { ReceivedWebhook } from './receiving/receive-webhook.ts'
export { verifyWebhook, type VerifyWebhookOptions } from './receiving/verify-webhook.ts'
export { webhookHandler } from './receiving/webhook-handler.ts'
export type { WebhookHandlers } from './receiving/webhook-handlers.ts'
export { webhookJob } from './receiving/webhook-job.ts'
export type { QueuedWebhook, WebhookQueue } from './receiving/webhook-queue.ts'
export type { ParseWebhookBody, ReceiveWebhookOptions } from './receiving/webhook-reception.ts'
export type { WebhookSchemeName } from './schemes/webhook-schemes.ts'
export type { BatchOptions, BatchResult } from './sending/batch-deliveries.ts'
export { batchWebhooks } from './sending/batch-webhooks.ts'
export { configureWebhooks } from './sending/configure-webhooks.ts'
export { createWebhooks, type Webhooks } from './sending/create-webhooks.ts'
export type { DirectDelivery, DirectResult } from './sending/deliver-once.ts'
export { deliverWebhook } from './sending/deliver-webhook.ts'
export type { OperationalEvent } from './events/operational-event.ts'
export { retryWebhook } from './sending/retry-webhook.ts'
export { WebhookError, type WebhookErrorCode } from './webhook-error.ts'
export type { RawWebhookEvent, WebhookEvent } from './events/webhook-event.ts'
export type { WebhooksOptions } from './sending/webhooks-options.ts'
export { signWebhook, type SignatureHeaders, type SigningScheme } from './signing/sign-webhook.ts'
export type { WebhookPayload } from './signing/signed-content.ts'
export type { WebhookSecret } from './signing/webhook-keys.ts'
export { generateWebhookKeyPair, generateWebhookSecret } from './signing/webhook-secret.ts'
