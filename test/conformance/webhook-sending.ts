import { suite, type Suite } from './suite.ts'
import { crashLaws } from './webhooks/crash-laws.ts'
import { endpointLaws } from './webhooks/endpoint-laws.ts'
import { healthLaws } from './webhooks/health-laws.ts'
import { listingLaws } from './webhooks/listing-laws.ts'
import { publishingLaws } from './webhooks/publishing-laws.ts'
import { retryLaws } from './webhooks/retry-laws.ts'
import type { WebhookSendingHarness } from './webhooks/sending-stage.ts'

/** What sending webhooks promises on every backend. */
export function webhookSendingSuites(
  adapter: string,
  harness: WebhookSendingHarness,
): readonly Suite[] {
  const laws = [
    ...publishingLaws,
    ...retryLaws,
    ...endpointLaws,
    ...healthLaws,
    ...listingLaws,
    ...crashLaws,
  ]
  return [suite('Webhooks', adapter, laws, harness)]
}
