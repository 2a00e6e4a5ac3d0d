import { durationMs, type Duration } from '../../../primitives/duration.ts'
import type { Backend } from '../../../runtime/ports/backend.ts'
import type { Clock } from '../../../runtime/ports/platform/clock.ts'
import type { FetchClient } from '../../../runtime/ports/platform/fetch-client.ts'
import type { RandomSource } from '../../../runtime/ports/platform/random-source.ts'
import type { WebhookTransform } from '../deliveries/render-body.ts'
import { DEFAULT_RETRY_SCHEDULE, type RetrySchedule } from '../deliveries/retry-schedule.ts'
import type { HostResolver } from '../outbound/host-resolver.ts'
import type { OutboundPolicy } from '../outbound/url-policy.ts'
import type { OperationalEvent } from '../events/operational-event.ts'

/** What webhooks are sent with. Durations are milliseconds or a number with its unit, as in `'30s'`. */
export interface WebhooksOptions {
  /** Where everything is kept: `memory()`, `sqlite()`, `durableObjects()` or `redis()`. */
  readonly backend: Pick<Backend, 'store' | 'jobStore' | 'rateLimits' | 'waker'>
  /** Makes the requests. Default: the platform's fetch. */
  readonly fetch?: FetchClient
  /** Default: the platform's. */
  readonly clock?: Clock
  /** Default: the platform's. */
  readonly random?: RandomSource
  /**
   * Finds the addresses of a host name, all of which must be public. Default: over HTTPS at `cloudflare-dns.com`. Where the
   * runtime reaches no private network anyway, the text switches the check off.
   */
  readonly resolve?: HostResolver | 'unchecked: no private network can be reached from here'
  /** Which URLs may be sent to. Default: https on ports 443 and 8443, public hosts. */
  readonly outbound?: OutboundPolicy
  /** What endpoints may name as their `transform`. Default: none. */
  readonly transforms?: Readonly<Record<string, WebhookTransform>>
  /** The waits between attempts, at most 50. Default 5 s, 5 min, 30 min, 2 h, 5 h, 10 h, 10 h. */
  readonly retrySchedule?: readonly Duration[]
  /** How far chance moves each wait both ways, 0 to 1. Default 0.2. */
  readonly retryJitter?: number
  /** For one attempt altogether, 100 ms to 5 min. Default 15 s. */
  readonly timeout?: Duration
  /** How much of an answer's body is kept, 0 to 65,536 bytes. Default 16,384. */
  readonly responseBytes?: number
  /** How long deliveries, attempts and payloads are kept, 1 day to 1 year. Default 30 days. */
  readonly retention?: Duration
  /** How long an event id given by the caller is remembered, at most 30 days. Default 1 day. */
  readonly idempotencyWindow?: Duration
  /** After so much failure without a success in between an endpoint is disabled, 1 minute to 1 year. Default 5 days. */
  readonly disableAfter?: Duration
  /** Largest body of an event, 1 to 400,000 UTF-8 bytes. Default 262,144. */
  readonly maxEventBytes?: number
  /** A tenant's most endpoints, 1 to 100,000. Default 1,000. */
  readonly maxEndpoints?: number
  /**
   * Partitions that a tenant's deliveries are spread over, 1 to 256; an endpoint stays in the one it was created in. May
   * be raised at any time and never lowered. Default 1.
   */
  readonly shards?: number
  /** `required`: an endpoint is enabled once it has answered a challenge, see `endpoints.verify`. Default `optional`. */
  readonly verification?: 'optional' | 'required'
  /** Default `white-cross-webhooks`. */
  readonly userAgent?: string
  /** A tenant whose endpoints get operational events: `webhook.endpoint.disabled`, `webhook.delivery.dead`. Default: none. */
  readonly operationalTenant?: string
  /** Hears of operational events in this process, now and then twice. Default: nobody does. */
  readonly onOperationalEvent?: (event: OperationalEvent) => void
}

/** The options that are numbers, checked and with their defaults. */
export interface WebhookLimits {
  readonly schedule: RetrySchedule
  readonly timeoutMs: number
  readonly responseBytes: number
  readonly retentionMs: number
  readonly idempotencyWindowMs: number
  readonly disableAfterMs: number
  readonly maxEventBytes: number
  readonly maxEndpoints: number
  readonly shards: number
}

const MINUTE_MS = 60_000
const DAY_MS = 86_400_000
const MAX_DELAYS = 50

/** @throws RangeError when an option is out of range */
export function readLimits(options: WebhooksOptions): WebhookLimits {
  const { retrySchedule, retryJitter = DEFAULT_RETRY_SCHEDULE.jitter } = options
  const delaysMs = retrySchedule?.map(durationMs) ?? DEFAULT_RETRY_SCHEDULE.delaysMs
  if (delaysMs.length > MAX_DELAYS)
    throw new RangeError(
      `Cannot create webhooks: retrySchedule has ${delaysMs.length} waits, at most ${MAX_DELAYS} allowed`,
    )
  return {
    schedule: {
      delaysMs: delaysMs.map((delayMs) => within('retrySchedule', delayMs, 0, 30 * DAY_MS)),
      jitter: within('retryJitter', retryJitter, 0, 1),
    },
    timeoutMs: within('timeout', durationMs(options.timeout ?? '15s'), 100, 5 * MINUTE_MS),
    responseBytes: within('responseBytes', options.responseBytes ?? 16_384, 0, 65_536),
    retentionMs: within('retention', durationMs(options.retention ?? '30d'), DAY_MS, 366 * DAY_MS),
    idempotencyWindowMs: within(
      'idempotencyWindow',
      durationMs(options.idempotencyWindow ?? '1d'),
      0,
      30 * DAY_MS,
    ),
    disableAfterMs: within(
      'disableAfter',
      durationMs(options.disableAfter ?? '5d'),
      MINUTE_MS,
      366 * DAY_MS,
    ),
    maxEventBytes: within('maxEventBytes', options.maxEventBytes ?? 262_144, 1, 400_000),
    maxEndpoints: within('maxEndpoints', options.maxEndpoints ?? 1000, 1, 100_000),
    shards: Math.floor(within('shards', options.shards ?? 1, 1, 256)),
  }
}

function within(name: string, value: number, least: number, most: number): number {
  if (value >= least && value <= most) return value
  throw new RangeError(`Cannot create webhooks: ${name} is ${value}, ${least} to ${most} allowed`)
}
