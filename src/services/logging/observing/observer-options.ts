import { checkOptions, checkParts } from '../../../primitives/check-options.ts'
import { checkDuration } from '../../../primitives/check-range.ts'
import type { Duration } from '../../../primitives/duration.ts'
import type { Clock } from '../../../runtime/ports/platform/clock.ts'
import type { FetchClient } from '../../../runtime/ports/platform/fetch-client.ts'
import type { RandomSource } from '../../../runtime/ports/platform/random-source.ts'
import type { FlushResult } from '../exporting/flush-result.ts'
import type { LoggerOptions } from '../logs/logger-options.ts'
import type { LoggerService } from '../logs/logger-service.ts'
import type { MetricsService } from '../metrics/metrics-service.ts'
import type { TracingService } from '../traces/tracing-service.ts'

/** Options of `createObserver`, and what the second argument of `observe` makes. */
export interface ObserverOptions {
  /** Default: a logger with its defaults. */
  readonly logger?: LoggerService | LoggerOptions
  /** Makes each request and each piece of work a span. Default: none. */
  readonly tracing?: TracingService
  /** Counts and measures requests, as `http_server_request_duration_seconds`. Default: none. */
  readonly metrics?: MetricsService
  /** Hears of each error that nobody expected: `sentry({ … })`. Default: only the log does. */
  readonly errors?: ErrorReporter
  /** From when on a request is slow, and its line a warning; 1 ms to 1 day. Default 1 s. */
  readonly slowAfter?: Duration
  /**
   * The pattern of a request's path, as `/users/:id`: few, and without what is somebody's. Default:
   * none, then the line has the path, and metrics no route.
   */
  readonly route?: (request: Request) => string | undefined
  /** Further fields of a request's line. Default: none. */
  readonly fields?: (request: Request, response: Response) => object
  /** Requests that have no line while they are well and quick: probes. Default: none. */
  readonly skip?: (request: Request) => boolean
  /** Headers in which callers hand over an id. Default `x-request-id`, then `x-correlation-id`. */
  readonly requestIdHeaders?: readonly string[]
  /**
   * Answers for what was thrown. Default, and where it answers `undefined`: problem details (RFC
   * 9457).
   */
  readonly problem?: (error: unknown, requestId: string) => Response | undefined
  /**
   * The least time between two flushes of `metrics`, 0 to 1 h: each is a write to their backend.
   * Default 5 s.
   */
  readonly flushMetricsEvery?: Duration
  /** Sends requests of observed work where there is no `tracing`. Default: the platform's. */
  readonly fetch?: FetchClient
  /** Default: the platform's. */
  readonly clock?: Clock
  readonly random?: RandomSource
}

/** Takes errors, as a client of Sentry does. */
export interface ErrorReporter {
  /** What it throws goes no further. */
  captureError(error: unknown, details: ErrorDetails): unknown
  /** Sends what still waits. */
  flush?(): Promise<FlushResult>
}

/** What is known of an error besides. */
export interface ErrorDetails {
  readonly requestId?: string | undefined
  readonly traceId?: string | undefined
  readonly spanId?: string | undefined
  /** What it happened in: a request's method and route or path, or a piece of work's name. */
  readonly transaction?: string | undefined
  /** Whether somebody knew what to do about it. */
  readonly handled: boolean
}

const CREATE = 'create observer'
const NAMES = [
  'logger',
  'tracing',
  'metrics',
  'errors',
  'slowAfter',
  'route',
  'fields',
  'skip',
  'requestIdHeaders',
  'problem',
  'flushMetricsEvery',
  'fetch',
  'clock',
  'random',
] as const

/**
 * @throws TypeError when an option is of another kind or name
 * @throws RangeError when a time is out of range
 */
export function checkObserverOptions(options: ObserverOptions): {
  readonly slowMs: number
  readonly flushMetricsMs: number
} {
  checkOptions(CREATE, options, [], NAMES)
  const { tracing, metrics, errors } = options
  if (tracing !== undefined) checkParts(CREATE, 'tracing', tracing, ['startSpan', 'runSpan'])
  if (metrics !== undefined) checkParts(CREATE, 'metrics', metrics, ['histogram', 'flush'])
  if (errors !== undefined) checkParts(CREATE, 'errors', errors, ['captureError'])
  for (const name of ['route', 'fields', 'skip', 'problem', 'fetch'] as const)
    if (options[name] !== undefined && typeof options[name] !== 'function')
      throw new TypeError(`Cannot ${CREATE}: ${name} is no function, one expected`)
  const { requestIdHeaders = [], slowAfter = 1000, flushMetricsEvery = 5000 } = options
  if (!requestIdHeaders.every?.((name) => /^[\w-]+$/.test(name)))
    throw new TypeError(
      `Cannot ${CREATE}: requestIdHeaders is no list of headers, as ["x-request-id"] expected`,
    )
  return {
    slowMs: checkDuration(CREATE, 'slowAfter', slowAfter, 1, 86_400_000),
    flushMetricsMs: checkDuration(CREATE, 'flushMetricsEvery', flushMetricsEvery, 0, 3_600_000),
  }
}
