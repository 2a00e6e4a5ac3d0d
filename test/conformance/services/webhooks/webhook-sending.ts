import { suite, type Suite } from '../../suite.ts'
import { crashLaws } from './crash-laws.ts'
import { endpointLaws } from './endpoint-laws.ts'
import { healthLaws } from './health-laws.ts'
import { listingLaws } from './listing-laws.ts'
import { publishingLaws } from './publishing-laws.ts'
import { retryLaws } from './retry-laws.ts'
import type { WebhookSendingHarness } from './sending-fixture.ts'

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
