import type { Channel } from '../channels/channel.ts'
import type { ProviderReceipt } from '../providers/provider.ts'

/** A provider that has a message ready to send. */
export interface ReadyProvider {
  readonly name: string
  /** Whether the vendor drops a second request with the same id of ours. */
  readonly idempotent: boolean
  /** It sends several messages in one request. */
  readonly batch?: boolean
  /** Makes the request, to those recipients that are left. */
  send(left: readonly string[], signal: AbortSignal): Promise<ProviderReceipt>
}

/** One message on its way to a provider, whatever its channel. */
export interface Delivery {
  readonly id: string
  readonly channel: Channel
  /** Addresses, those whom it is for before those who get copies; none for channels without. */
  readonly recipients: readonly string[]
  readonly primary: number
  /** In the order in which they are asked. */
  readonly providers: readonly ReadyProvider[]
  readonly template: string | null
  readonly category: string | null
  readonly userId: string | null
  readonly critical: boolean
  /** Of what was asked for under an idempotency key; `null` without one. */
  readonly fingerprint: string | null
  /** Whether a message whose fate is unknown may be sent again. */
  readonly duplicates: 'avoid' | 'accept'
  readonly signal: AbortSignal
  /** It will be tried again by whoever runs it, so a failure that may pass is no end. */
  readonly isRetried: boolean
}

/** What became of sending a message. */
export interface SendResult {
  /** Our id of the message: what `trackDelivery` takes. */
  readonly id: string
  /**
   * `sent`: a provider has taken it. `queued`: it waits. `suppressed`: nothing is sent to this
   * address. `skipped`: the recipient does not want it, or had enough for now.
   */
  readonly status: 'sent' | 'queued' | 'suppressed' | 'skipped'
  /** The provider that has taken it; `null` while none has. */
  readonly provider: string | null
  /** That provider's id of it; `null` where it gives none. */
  readonly providerMessageId: string | null
  /** An outbox has kept it: nothing will arrive anywhere. */
  readonly kept: boolean
  /**
   * Why it is not sent: `bounce`, `complaint`, `unsubscribe`, `provider`, `manual`, `preference`,
   * `frequency_cap`.
   */
  readonly reason: string | null
  /** When one that is queued is sent at the earliest, ms since 1970. */
  readonly sendAt: number | null
}
