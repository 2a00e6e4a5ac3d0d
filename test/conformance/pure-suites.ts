import { createFakeClock } from '../../src/testing/index.ts'
import { qstashSuites } from './qstash.ts'
import { scheduleSuites } from './schedules.ts'
import type { Suite } from './suite.ts'
import { webhookCertificateSuites } from './webhook-certificates.ts'
import { webhookOutboundSuites } from './webhook-outbound.ts'
import { webhookReadingSuites } from './webhook-reading.ts'
import { webhookVendorSuites } from './webhook-vendors.ts'
import { webhookSuites } from './webhook-vectors.ts'

/** What needs no backend, but the runtime's own cryptography, URLs, streams and time zones. */
export function pureSuites(): readonly Suite[] {
  const clock = createFakeClock()
  return [
    ...scheduleSuites(),
    ...qstashSuites(),
    ...webhookSuites(),
    ...webhookVendorSuites(),
    ...webhookCertificateSuites(),
    ...webhookOutboundSuites(),
    ...webhookReadingSuites({ clock, advance: clock.advance }),
  ]
}
