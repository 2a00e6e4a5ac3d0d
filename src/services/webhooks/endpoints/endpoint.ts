import type { Duration } from '../../../primitives/duration.ts'
import type { ContentFilter } from './content-filter.ts'

/**
 * Why an endpoint is disabled. Events that come meanwhile are held, and delivered by
 * `deliveries.recover()` alone.
 */
export type DisabledReason =
  /** Someone disabled it. */
  | 'manual'
  /** It answered 410 Gone. */
  | 'gone'
  /** It failed without a success in between for as long as `disableAfter`. */
  | 'failing'
  /** It has not answered its challenge yet, and endpoints must. */
  | 'unverified'

/** How many requests an endpoint takes in which time: more wait, none is dropped. */
export interface EndpointRateLimit {
  /** 1 to 100,000. */
  readonly limit: number
  /** 1 ms to 1 day. */
  readonly window: Duration
}

/** Where webhooks go. Instants are ms since 1970. */
export interface WebhookEndpoint {
  /** `ep_…`; says which tenant it belongs to. */
  readonly id: string
  readonly tenant: string
  /** The name that its owner gave it, or `null`. */
  readonly uid: string | null
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
  /** `window` in ms. */
  readonly rateLimit: { readonly limit: number; readonly window: number } | null
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

/** An endpoint that was there already under the `uid` it was to be created with. */
export interface ExistingEndpoint extends WebhookEndpoint {
  /** Not shown again: `rotateSecret` makes a new one. */
  readonly secret: null
}

/**
 * What the receiver verifies with: `whsec_…` for HMAC (the same secret that signs), `whpk_…` for
 * Ed25519 (a public key; the signing key is never shown).
 */
export type EndpointSecret = string

/** What an endpoint is created with. */
export interface CreateEndpointOptions extends UpdateEndpointOptions {
  /**
   * Where to: an https URL with a public host, unless the service's `outbound` policy says
   * otherwise.
   */
  readonly url: string
  /** Whose events it gets: 1 to 64 characters of `A–Z a–z 0–9 _ -`. Default `default`. */
  readonly tenant?: string
  /**
   * A name of your own, unique in its tenant: 1 to 128 characters of `A–Z a–z 0–9 . _ -`. Creating
   * it again answers the endpoint that is there, and changes nothing. Default: none.
   */
  readonly uid?: string
  /**
   * Default `true`. With `false` it gets nothing until `endpoints.enable()`, and events that come
   * meanwhile are held.
   */
  readonly enabled?: boolean
  /** How its requests are signed: `v1` HMAC-SHA256 or `v1a` Ed25519. Default `v1`. */
  readonly signature?: 'v1' | 'v1a'
  /**
   * A secret to sign with instead of a new one: `whsec_…`, or `whsk_…` for `v1a`. Default: made
   * here.
   */
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
  /**
   * Added to each request, at most 20; all are replaced. `authorization`, names that begin with
   * `x-` or end in `-key`, `-token`, `-secret` or `-password`, but none that receivers, proxies or
   * clouds trust. A `url` of another origin needs them anew, `{}` for none. Default none.
   */
  readonly headers?: Readonly<Record<string, string>>
  /** Name of a transform that the service was created with. Default `null`: none. */
  readonly transform?: string | null
  /** Default `null`: no limit. */
  readonly rateLimit?: EndpointRateLimit | null
}

/** An endpoint as the store keeps it. */
export type EndpointRecord = Omit<WebhookEndpoint, 'headerNames' | 'rateLimit' | 'uid'> & {
  readonly uid?: string
  readonly rateLimit: { readonly limit: number; readonly windowMs: number } | null
  readonly headers: { readonly [name: string]: string }
  /** Newest first; `until` is when an older one stops signing. */
  readonly secrets: readonly { readonly secret: string; readonly until: number | null }[]
}

/** @returns The part of the record that may be shown */
export function endpointOf(record: EndpointRecord): WebhookEndpoint {
  const { headers, secrets: _, rateLimit, uid = null, ...shown } = record
  return {
    ...shown,
    uid,
    rateLimit: rateLimit && { limit: rateLimit.limit, window: rateLimit.windowMs },
    headerNames: Object.keys(headers),
  }
}

/** @returns The secrets that sign at `now`, newest first */
export function signingSecrets({ secrets }: EndpointRecord, now: number): readonly string[] {
  return secrets.filter(({ until }) => until === null || until > now).map(({ secret }) => secret)
}
