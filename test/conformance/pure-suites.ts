import { createFakeClock } from '../../src/testing/index.ts'
import { memoryBlobsSuites } from './services/storage/memory-blobs.ts'
import { gcsStandinSuites } from './services/storage/gcs-standin.ts'
import { s3StandinSuites } from './services/storage/s3-standin.ts'
import { qstashSuites } from './engines/qstash.ts'
import { scheduleSuites } from './services/background-jobs/schedules.ts'
import { observingSuites } from './services/logging/observing.ts'
import { notificationProviderSuites } from './services/notifications/provider-suites.ts'
import { promisedCallSuites } from './promised-calls.ts'
import type { Suite } from './suite.ts'
import { paymentProviderSuites } from './services/payments/vendors.ts'
import { webhookCertificateSuites } from './services/webhooks/webhook-certificates.ts'
import { webhookHostileSuites } from './services/webhooks/hostile-laws.ts'
import { webhookOutboundSuites } from './services/webhooks/webhook-outbound.ts'
import { webhookReadingSuites } from './services/webhooks/webhook-reading.ts'
import { webhookVendorSuites } from './services/webhooks/webhook-vendors.ts'
import { webhookSuites } from './services/webhooks/webhook-vectors.ts'

/** What needs no backend, but the runtime's own cryptography, URLs, streams and time zones. */
export function pureSuites(): readonly Suite[] {
  const clock = createFakeClock()
  return [
    ...promisedCallSuites(),
    ...scheduleSuites(),
    ...qstashSuites(),
    ...paymentProviderSuites(),
    ...notificationProviderSuites(),
    ...observingSuites(),
    ...webhookSuites(),
    ...webhookVendorSuites(),
    ...webhookCertificateSuites(),
    ...webhookHostileSuites(),
    ...webhookOutboundSuites(),
    ...memoryBlobsSuites(),
    ...s3StandinSuites(),
    ...gcsStandinSuites(),
    ...webhookReadingSuites({ clock, advance: clock.advance }),
  ]
}
