export { DELIVERY_STATES, type Delivery, type DeliveryAttempt } from './deliveries/delivery.ts'
export type { DeliveryState } from './deliveries/delivery.ts'
export type { Deliveries, ReplayFilter } from './deliveries/deliveries.ts'
export type { DeliveryPage, DeliveryQuery } from './deliveries/delivery-pages.ts'
export type { DeliveryStats } from './deliveries/delivery-stats.ts'
export type { WebhookTransform } from './deliveries/render-body.ts'
export type { ContentFilter } from './endpoints/content-filter.ts'
export type {
  CreatedEndpoint,
  CreateEndpointOptions,
  WebhookEndpoint,
} from './endpoints/endpoint.ts'
export type { UpdateEndpointOptions } from './endpoints/endpoint.ts'
export type { Endpoints } from './endpoints/endpoints.ts'
export { WebhookVerificationError, type WebhookVerificationCode } from './errors.ts'
export type { HostResolver } from './outbound/host-resolver.ts'
export { refusedRange } from './outbound/public-address.ts'
export { createHttpsResolver } from './outbound/resolve-over-https.ts'
export type { OutboundPolicy } from './outbound/url-policy.ts'
export { handleWebhooks, type HandleWebhooksOptions } from './receiving/handle-webhooks.ts'
export { readWebhook, type ReadWebhookOptions } from './receiving/read-webhook.ts'
export { verifyWebhook, type VerifyWebhookOptions } from './receiving/verify-webhook.ts'
export type { WebhookScheme } from './receiving/webhook-scheme.ts'
export type { BatchOptions, BatchResult } from './sending/batch-deliveries.ts'
export { batchWebhooks } from './sending/batch-webhooks.ts'
export { configureWebhooks } from './sending/configure-webhooks.ts'
export {
  createWebhooks,
  type Webhooks,
  type WebhooksRunOptions,
} from './sending/create-webhooks.ts'
export type { DirectDelivery, DirectResult } from './sending/deliver-once.ts'
export { deliverWebhook } from './sending/deliver-webhook.ts'
export type { OperationalEvent } from './sending/operational-event.ts'
export type { PublishedEvent } from './sending/publish-event.ts'
export { retryWebhook } from './sending/retry-webhook.ts'
export { WebhookError, type WebhookErrorCode } from './sending/webhook-error.ts'
export type { WebhookEvent } from './sending/webhook-event.ts'
export type { WebhooksOptions } from './sending/webhooks-options.ts'
export { signWebhook, type SignatureHeaders, type SigningScheme } from './signing/sign-webhook.ts'
export type { WebhookPayload } from './signing/signed-content.ts'
export type { WebhookSecret } from './signing/webhook-keys.ts'
export { generateWebhookKeyPair, generateWebhookSecret } from './signing/webhook-secret.ts'
