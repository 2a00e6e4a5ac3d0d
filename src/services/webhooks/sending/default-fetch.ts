import { systemFetch, type FetchClient } from '../../../runtime/ports/platform/fetch-client.ts'
import { platformPinnedFetch } from '../../../runtime/platforms/node/platform-fetch.ts'
import { refusedRange } from '../outbound/public-address.ts'
import type { OutboundPolicy } from '../outbound/url-policy.ts'

/**
 * Where connections are this program's to make, to addresses that were judged and to no others. So
 * a name that changes its address between a check and the connection leads nowhere, and no name is
 * told to a stranger's DNS service. Elsewhere the platform's `fetch`.
 */
export function defaultFetch({ allowPrivateNetworks }: OutboundPolicy): FetchClient {
  const isLocal = allowPrivateNetworks === 'for local development'
  const judge = isLocal ? () => null : refusedRange
  return platformPinnedFetch({ refusedRange: judge }) ?? systemFetch
}

/**
 * Whether a client judges addresses itself as it connects, as `pinnedFetch` says of what it makes.
 */
export function judgesAddresses(fetch: FetchClient): boolean {
  return 'judgesAddresses' in fetch && fetch.judgesAddresses === true
}
