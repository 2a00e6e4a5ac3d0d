import { checkOptions, checkParts } from '../../../primitives/check-options.ts'
import { checkDuration } from '../../../primitives/check-range.ts'
import type { Duration } from '../../../primitives/duration.ts'
import type { Backend } from '../../../runtime/ports/backend.ts'
import { systemClock, type Clock } from '../../../runtime/ports/platform/clock.ts'
import { systemRandom, type RandomSource } from '../../../runtime/ports/platform/random-source.ts'
import type { RateLimitStore } from '../../../runtime/ports/rate-limit-store/rate-limit-store.ts'
import type { RateLimitMetrics } from './rate-limit-metrics.ts'
import type { RateLimitOutcome } from './outcome.ts'

/** What every limiter is made with. */
export interface RateLimitingOptions {
  /**
   * Where limits are kept: `memory()`, `sqlite()`, `durableObjects()`, `redis()`, or one port of
   * them.
   */
  readonly backend: Pick<Backend, 'rateLimits'>
  /**
   * What holds while the store fails or does not answer in time: `local` limits in this process
   * alone, `allow` lets everything pass, `deny` nothing. Default `local`.
   */
  readonly onError?: 'allow' | 'deny' | 'local'
  /** How long the store may take, 1 ms to 1 min. Default 250 ms. */
  readonly timeout?: Duration
  /**
   * How long this process may remember who was denied until when, so that it costs no round trip, 0
   * (not at all) to 1 h. What other processes reset or give back meanwhile is seen after this.
   * Default 1 min.
   */
  readonly denialMaxAge?: Duration
  /** Decides and charges, but lets every request pass. Default `false`. */
  readonly dryRun?: boolean
  /** Hears of each request that was denied, also in a dry run. */
  readonly onLimited?: (event: LimitedEvent) => void | Promise<void>
  /**
   * Hears what went wrong around decisions: of a store that failed, of a hook that threw. Default:
   * nobody.
   */
  readonly onFailure?: (error: unknown) => void
  /** Where decisions are counted: `MetricsService` fits. Default: nowhere. */
  readonly metrics?: RateLimitMetrics
  /** Default: the store's, which is the platform's unless it was given another. */
  readonly clock?: Clock
  /** Makes the names of operations. Default: the platform's. */
  readonly random?: RandomSource
}

/** A request that was denied. */
export interface LimitedEvent {
  /** Who was limited, as the limiter was told; it may be personal data. */
  readonly key: string
  readonly outcome: RateLimitOutcome
}

/** The names of {@link RateLimitingOptions} beside the backend. */
export const RATE_LIMITING_OPTIONS = [
  'onError',
  'timeout',
  'denialMaxAge',
  'dryRun',
  'onLimited',
  'onFailure',
  'metrics',
  'clock',
  'random',
] as const

/** Checked, with defaults filled in. */
export interface DecisionSettings extends Required<
  Pick<RateLimitingOptions, 'onError' | 'dryRun' | 'clock' | 'random'>
> {
  readonly store: RateLimitStore
  readonly timeoutMs: number
  readonly denialMaxAgeMs: number
  readonly onLimited: RateLimitingOptions['onLimited']
  readonly onFailure: (error: unknown) => void
  readonly metrics: RateLimitMetrics | undefined
}

/** @throws TypeError or RangeError when an option is malformed */
export function checkRateLimitingOptions(
  action: string,
  options: RateLimitingOptions,
): DecisionSettings {
  checkParts(action, 'options', options, ['backend'])
  checkParts(action, 'backend', options.backend, ['rateLimits'])
  const { backend, onError = 'local', timeout = 250, denialMaxAge = 60_000 } = options
  const { dryRun = false, onLimited, onFailure, metrics, random = systemRandom } = options
  if (onError !== 'local' && onError !== 'allow' && onError !== 'deny')
    throw new RangeError(
      `Cannot ${action}: onError is ${JSON.stringify(onError)}, local, allow or deny expected`,
    )
  if (typeof dryRun !== 'boolean')
    throw new TypeError(`Cannot ${action}: dryRun is a ${typeof dryRun}, true or false expected`)
  checkFunction(action, 'onLimited', onLimited)
  checkFunction(action, 'onFailure', onFailure)
  if (metrics !== undefined) checkParts(action, 'metrics', metrics, ['counter'])
  return {
    store: backend.rateLimits,
    onError,
    timeoutMs: checkDuration(action, 'timeout', timeout, 1, 60_000),
    denialMaxAgeMs: checkDuration(action, 'denialMaxAge', denialMaxAge, 0, 3_600_000),
    dryRun,
    onLimited,
    onFailure: (error) => quietly(() => onFailure?.(error)),
    metrics,
    clock: options.clock ?? backend.rateLimits.clock ?? systemClock,
    random,
  }
}

/** @throws TypeError when an option that is there is no function */
function checkFunction(action: string, name: string, value: unknown): void {
  if (value === undefined || typeof value === 'function') return
  throw new TypeError(`Cannot ${action}: ${name} is a ${typeof value}, a function expected`)
}

/** @throws TypeError when an option has another name, or one that must be there is missing */
export function checkLimiterOptions<Options extends RateLimitingOptions>(
  action: string,
  options: Options,
  required: readonly (keyof Options & string)[],
  optional: readonly (keyof Options & string)[],
): void {
  checkOptions(action, options, ['backend', ...required], [...optional, ...RATE_LIMITING_OPTIONS])
}

function quietly(tell: () => void): void {
  try {
    tell()
  } catch {
    // Nobody is left who could be told.
  }
}
