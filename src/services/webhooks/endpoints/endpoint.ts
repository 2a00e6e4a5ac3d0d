import type { GcraRateLimit } from '../../../runtime/ports/rate-limit-store/rate-limit-store.ts'
import type { ContentFilter } from './content-filter.ts'

/** Why an endpoint is disabled. Events that come meanwhile are held, and delivered by `deliveries.recover()` alone. */
export type DisabledReason =
  /** Someone disabled it. */
  | 'manual'
  /** It answered 410 Gone. */
  | 'gone'
  /** It failed without a success in between for as long as `disableAfterMs`. */
  | 'failing'
  /** It has not answered its challenge yet, and endpoints must. */
  | 'unverified'

/** How many requests an endpoint takes, 1 to 100,000 in 1 to 86,400,000 ms: more wait, none is dropped. */
export type EndpointRateLimit = Pick<GcraRateLimit, 'limit' | 'windowMs'>

/** Where webhooks go. Instants are ms since 1970. */
export interface WebhookEndpoint {
  /** `ep_…`; says which tenant it belongs to. */
  readonly id: string
  readonly tenant: string
  readonly url: string
  readonly description: string
  /** Event types it gets, `*` standing for words: see `matchesEventPattern`. */
  readonly events: readonly string[]
  /** What an event must contain besides; `null` for nothing. */
  readonly filter: ContentFilter | null
  /** Names of the headers added to each request; their values are not shown again. */
  readonly headerNames: readonly string[]
  /** Name of the transform its payloads go through, or `null`. */
  readonly transform: string | null
  readonly rateLimit: EndpointRateLimit | null
  readonly enabled: boolean
  readonly disabledReason: DisabledReason | null
  /** When it last answered its challenge, or `null`. */
  readonly verifiedAt: number | null
  readonly createdAt: number
  readonly updatedAt: number
}

/** A new endpoint, with the one and only look at its secret. */
export interface CreatedEndpoint extends WebhookEndpoint {
  readonly secret: EndpointSecret
}

/**
 * What the receiver verifies with: `whsec_…` for HMAC (the same secret that signs), `whpk_…` for Ed25519 (a public key; the
 * signing key is never shown).
 */
export type EndpointSecret = string

/** What an endpoint is created with. */
export interface CreateEndpointOptions extends UpdateEndpointOptions {
  /** Where to: an https URL with a public host, unless the service's `outbound` policy says otherwise. */
  readonly url: string
  /** Whose events it gets: 1 to 64 characters of `A–Z a–z 0–9 _ -`. Default `default`. */
  readonly tenant?: string
  /** How its requests are signed: `v1` HMAC-SHA256 or `v1a` Ed25519. Default `v1`. */
  readonly signature?: 'v1' | 'v1a'
  /** A secret to sign with instead of a new one: `whsec_…`, or `whsk_…` for `v1a`. Default: made here. */
  readonly secret?: string
}

/** What of an endpoint can be changed; what is absent stays. */
export interface UpdateEndpointOptions {
  readonly url?: string
  /** At most 500 characters. Default empty. */
  readonly description?: string
  /** 1 to 100 event types or patterns. Default `['*']`. */
  readonly events?: readonly string[]
  /** Default `null`: every content. */
  readonly filter?: ContentFilter | null
  /** Added to each request, at most 20; all are replaced. Never `host`, `webhook-*` and other reserved ones. Default none. */
  readonly headers?: Readonly<Record<string, string>>
  /** Name of a transform that the service was created with. Default `null`: none. */
  readonly transform?: string | null
  /** Default `null`: no limit. */
  readonly rateLimit?: EndpointRateLimit | null
}

/** An endpoint as the store keeps it. */
export type EndpointRecord = Omit<WebhookEndpoint, 'headerNames'> & {
  readonly headers: { readonly [name: string]: string }
  /** Newest first; `until` is when an older one stops signing. */
  readonly secrets: readonly { readonly secret: string; readonly until: number | null }[]
}

/** @returns The part of the record that may be shown */
export function endpointOf(record: EndpointRecord): WebhookEndpoint {
  const { headers, secrets, ...shown } = record
  void secrets
  return { ...shown, headerNames: Object.keys(headers) }
}

/** @returns The secrets that sign at `now`, newest first */
export function signingSecrets({ secrets }: EndpointRecord, now: number): readonly string[] {
  return secrets.filter(({ until }) => until === null || until > now).map(({ secret }) => secret)
}
