import { checkOptions, checkParts } from '../../../primitives/check-options.ts'
import { checkDuration, checkInteger, checkNumber } from '../../../primitives/check-range.ts'
import type { Duration } from '../../../primitives/duration.ts'
import type { Backend } from '../../../runtime/ports/backend.ts'
import type { Clock } from '../../../runtime/ports/platform/clock.ts'
import type { ServiceMetrics } from '../../../runtime/ports/service-metrics.ts'
import type { TraceCarrier } from '../../../runtime/ports/trace-carrier.ts'
import type { FetchClient } from '../../../runtime/ports/platform/fetch-client.ts'
import type { Report } from '../../../runtime/ports/platform/report.ts'
import type { RandomSource } from '../../../runtime/ports/platform/random-source.ts'
import type { WebhookTransform } from '../deliveries/render-body.ts'
import { DEFAULT_RETRY_SCHEDULE, type RetrySchedule } from '../deliveries/retry-schedule.ts'
import { isTenant } from '../events/tenant.ts'
import type { HostResolver } from '../outbound/host-resolver.ts'
import type { OutboundPolicy } from '../outbound/url-policy.ts'
import type { OperationalEvent } from '../events/operational-event.ts'

/**
 * What webhooks are sent with. Durations are milliseconds or a number with its unit, as in `'30s'`.
 */
export interface WebhooksOptions {
  /** Where everything is kept: `memory()`, `sqlite()`, `durableObjects()` or `redis()`. */
  readonly backend: Pick<Backend, 'store' | 'jobStore' | 'rateLimits' | 'waker'>
  /**
   * Makes the requests. Default: on Node, Deno and Bun `pinnedFetch` of `runtime/node`, which looks
   * names up as the system does and judges their addresses when it connects; elsewhere the
   * platform's.
   */
  readonly fetch?: FetchClient
  /** Default: the platform's. */
  readonly clock?: Clock
  /** Default: the platform's. */
  readonly random?: RandomSource
  /**
   * Finds the addresses of a host name before each attempt, all of which must be public. Default:
   * none where the default `fetch` judges them itself. Otherwise the names are sent to a public DNS
   * service, `cloudflare-dns.com`, over HTTPS: where that may not be, or names mean something else
   * inside your network, pass a resolver of your own, `createHttpsResolver({ url })` among others.
   * Where the runtime reaches no private network anyway, the text switches the check off.
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
  /**
   * How long a receiver may ask to be waited for with `Retry-After`, at most 30 days: it counts
   * where it is longer than the wait that is due. Default 24 h.
   */
  readonly maxRetryAfter?: Duration
  /** For one attempt altogether, 100 ms to 5 min. Default 15 s. */
  readonly timeout?: Duration
  /** How much of an answer's body is kept, 0 to 65,536 bytes. Default 16,384. */
  readonly responseBytes?: number
  /**
   * How long deliveries, attempts and payloads are kept after their event was published or they
   * were sent again by hand, 1 minute to 1 year; what is still being attempted is kept for longer.
   * Default 30 days.
   */
  readonly retention?: Duration
  /** How long an event id given by the caller is remembered, at most 30 days. Default 1 day. */
  readonly idempotencyWindow?: Duration
  /**
   * After so much failure without a success in between an endpoint is disabled, 1 minute to 1 year.
   * Default 5 days.
   */
  readonly disableAfter?: Duration
  /** Largest body of an event, 1 to 400,000 UTF-8 bytes. Default 262,144. */
  readonly maxEventBytes?: number
  /** A tenant's most endpoints, 1 to 100,000. Default 1,000. */
  readonly maxEndpoints?: number
  /**
   * Partitions that a tenant's deliveries are spread over, 1 to 256; an endpoint stays in the one
   * it was created in. May be raised at any time and never lowered. Default 1.
   */
  readonly shards?: number
  /**
   * `required`: an endpoint is enabled once it has answered a challenge, see `endpoints.verify`.
   * Default `optional`.
   */
  readonly verification?: 'optional' | 'required'
  /** 1 to 200 printable ASCII characters. Default `white-cross-webhooks`. */
  readonly userAgent?: string
  /**
   * A tenant whose endpoints get operational events: `webhook.endpoint.disabled`,
   * `webhook.delivery.dead`. Default: none.
   */
  readonly operationalTenant?: string
  /** Hears of operational events in this process, now and then twice. Default: nobody does. */
  readonly onOperationalEvent?: (event: OperationalEvent) => void
  /**
   * Hears what nobody else does: what goes wrong around the work where `run` has no `onError`. The
   * same once a minute. Default: prints it, with its stack.
   */
  readonly report?: Report
  /** Counts and times attempts: `MetricsService` of logging fits. Default: nothing does. */
  readonly metrics?: ServiceMetrics
  /**
   * Makes each attempt a span of the trace that its event was published in, and sends `traceparent`
   * to receivers that may know it: `TracingService` of logging fits. Default: events carry no
   * trace.
   */
  readonly tracing?: TraceCarrier
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

const CREATE = 'create webhooks'
const OPTIONAL: readonly (keyof WebhooksOptions)[] = [
  'fetch',
  'clock',
  'random',
  'resolve',
  'outbound',
  'transforms',
  'retrySchedule',
  'retryJitter',
  'maxRetryAfter',
  'timeout',
  'responseBytes',
  'retention',
  'idempotencyWindow',
  'disableAfter',
  'maxEventBytes',
  'maxEndpoints',
  'shards',
  'verification',
  'userAgent',
  'operationalTenant',
  'onOperationalEvent',
  'report',
  'metrics',
  'tracing',
]
const MINUTE_MS = 60_000
const DAY_MS = 86_400_000
const MAX_DELAYS = 50

/**
 * @throws TypeError when an option is not known, or not of its type
 * @throws RangeError when one is out of range
 */
export function readLimits(options: WebhooksOptions): WebhookLimits {
  checkNames(options)
  const { retrySchedule, retryJitter = DEFAULT_RETRY_SCHEDULE.jitter } = options
  const { maxRetryAfter = DEFAULT_RETRY_SCHEDULE.maxRetryAfterMs } = options
  return {
    schedule: {
      delaysMs:
        retrySchedule === undefined ? DEFAULT_RETRY_SCHEDULE.delaysMs : readDelays(retrySchedule),
      jitter: checkNumber(CREATE, 'retryJitter', retryJitter, 0, 1),
      maxRetryAfterMs: checkDuration(CREATE, 'maxRetryAfter', maxRetryAfter, 0, 30 * DAY_MS),
    },
    timeoutMs: checkDuration(CREATE, 'timeout', options.timeout ?? '15s', 100, 5 * MINUTE_MS),
    responseBytes: checkInteger(
      CREATE,
      'responseBytes',
      options.responseBytes ?? 16_384,
      0,
      65_536,
    ),
    retentionMs: checkDuration(
      CREATE,
      'retention',
      options.retention ?? '30d',
      MINUTE_MS,
      366 * DAY_MS,
    ),
    idempotencyWindowMs: checkDuration(
      CREATE,
      'idempotencyWindow',
      options.idempotencyWindow ?? '1d',
      0,
      30 * DAY_MS,
    ),
    disableAfterMs: checkDuration(
      CREATE,
      'disableAfter',
      options.disableAfter ?? '5d',
      MINUTE_MS,
      366 * DAY_MS,
    ),
    maxEventBytes: checkInteger(
      CREATE,
      'maxEventBytes',
      options.maxEventBytes ?? 262_144,
      1,
      400_000,
    ),
    maxEndpoints: checkInteger(CREATE, 'maxEndpoints', options.maxEndpoints ?? 1000, 1, 100_000),
    shards: checkInteger(CREATE, 'shards', options.shards ?? 1, 1, 256),
  }
}

function checkNames(options: WebhooksOptions): void {
  checkOptions(CREATE, options, ['backend'], OPTIONAL)
  const { backend, outbound, verification, userAgent, operationalTenant } = options
  checkParts(CREATE, 'backend', backend, ['store', 'jobStore', 'rateLimits', 'waker'])
  const { metrics, tracing } = options
  if (metrics !== undefined) checkParts(CREATE, 'metrics', metrics, ['counter', 'histogram'])
  if (tracing !== undefined) checkParts(CREATE, 'tracing', tracing, ['carry', 'carryOn', 'mayTell'])
  for (const name of ['fetch', 'onOperationalEvent', 'report'] as const)
    if (options[name] !== undefined && typeof options[name] !== 'function')
      throw new TypeError(`Cannot ${CREATE}: ${name} is no function, one expected`)
  const resolve: unknown = options.resolve
  if (resolve !== undefined && typeof resolve !== 'function' && resolve !== UNCHECKED)
    throw new TypeError(`Cannot ${CREATE}: resolve is neither a function nor ${UNCHECKED}`)
  if (outbound !== undefined) checkOptions(CREATE, outbound, [], OUTBOUND)
  if (verification !== undefined && verification !== 'optional' && verification !== 'required')
    throw new TypeError(`Cannot ${CREATE}: verification is neither optional nor required`)
  if (userAgent !== undefined && !/^[\x21-\x7e](?:[\x20-\x7e]{0,198}[\x21-\x7e])?$/.test(userAgent))
    throw new TypeError(`Cannot ${CREATE}: userAgent is not 1 to 200 printable ASCII characters`)
  if (operationalTenant !== undefined && !isTenant(operationalTenant))
    throw new TypeError(`Cannot ${CREATE}: operationalTenant is no tenant's name`)
}

const UNCHECKED = 'unchecked: no private network can be reached from here'
const OUTBOUND: readonly (keyof OutboundPolicy)[] = [
  'schemes',
  'ports',
  'allowHosts',
  'denyHosts',
  'allowPrivateNetworks',
]

function readDelays(schedule: readonly Duration[]): readonly number[] {
  if (!Array.isArray(schedule) || schedule.length > MAX_DELAYS)
    throw new RangeError(
      `Cannot ${CREATE}: retrySchedule is no list of at most ${MAX_DELAYS} waits`,
    )
  return schedule.map((delay: Duration) =>
    checkDuration(CREATE, 'retrySchedule', delay, 0, 30 * DAY_MS),
  )
}
