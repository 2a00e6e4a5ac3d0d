export { DELIVERY_STATES, type Delivery, type DeliveryState } from './deliveries/delivery.ts'
export type { ContentFilter } from './endpoints/content-filter.ts'
export { createWebhooks, type Webhooks } from './sending/create-webhooks.ts'
export type { WebhooksOptions } from './sending/webhooks-options.ts'
