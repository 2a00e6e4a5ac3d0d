import type { Duration } from '../../../primitives/duration.ts'
import type { Clock } from '../../../runtime/ports/platform/clock.ts'
import type { FetchClient } from '../../../runtime/ports/platform/fetch-client.ts'
import type { RandomSource } from '../../../runtime/ports/platform/random-source.ts'
import type { Context } from '../context/context.ts'
import type { Redactor } from '../redaction/redactor.ts'
import type { RedactorOptions } from '../redaction/redactor-options.ts'
import type { Sampler } from './sampler.ts'
import type { SpanSink } from './span.ts'

/** Options of `TracingService`. */
export interface TracingOptions {
  /** Names the program in each span. Default: none. */
  readonly service?: string
  /** Where spans go when they have ended. Default: nowhere; their ids still travel. */
  readonly sinks?: readonly SpanSink[]
  /**
   * Decides which traces are recorded. Default: `parentSampler()`, all that the caller does not
   * leave out.
   */
  readonly sampler?: Sampler
  /**
   * Looks again at what was recorded, when this program's part of the trace has ended. Default: all
   * is kept.
   */
  readonly tail?: TailSampling
  /**
   * Origins whose requests get `traceparent` and `baggage`, as `https://api.example.com`, or a
   * function that knows them. Default: none, for they tell others our ids, and break requests of
   * browsers across origins.
   */
  readonly propagateTo?: readonly string[] | ((origin: string) => boolean)
  /** See `LoggerOptions`. */
  readonly redact?: RedactorOptions | Redactor | 'show-everything'
  /** Attributes of one span, 1 to 10,000. Default 128. */
  readonly maxAttributes?: number
  /** Events of one span, 1 to 10,000. Default 128. */
  readonly maxEvents?: number
  /** Hears what a sink threw. Default: nobody. */
  readonly onError?: (error: unknown) => void
  /**
   * The platform's own tracing, which then has each span as well: `tracing` of
   * `cloudflare:workers`. Default: none.
   */
  readonly platform?: PlatformTracing
  /** Finds the context that spans belong to. Default: `currentContext`. */
  readonly context?: () => Context | undefined
  /** Default: the platform's. */
  readonly clock?: Clock
  readonly random?: RandomSource
  readonly fetch?: FetchClient
}

/** Which traces are kept once they have ended; what none of these holds for is left out. */
export interface TailSampling {
  /** Those with an error. Default true. */
  readonly errors?: boolean
  /** Those that took longer. Default: none for that. */
  readonly slowerThan?: Duration
  /** A share of the others, 0 to 1. Default 0. */
  readonly share?: number
  /**
   * Spans of one trace that wait for its end, 1 to 100,000; further ones are left out. Default
   * 1,000.
   */
  readonly maxSpans?: number
  /** Traces that wait, 1 to 100,000; the oldest is then decided on. Default 1,000. */
  readonly maxTraces?: number
}

/** What Workers' own tracing has of {@link TracingOptions.platform}. */
export interface PlatformTracing {
  enterSpan<Result>(name: string, act: (span: PlatformSpan) => Result): Result
}

/** A span of the platform. */
export interface PlatformSpan {
  setAttribute(name: string, value: string | number | boolean): unknown
}
