import type { Context } from '../context/context.ts'
import type { FlushResult } from '../exporting/flush-result.ts'
import type { LoggerService } from '../logs/logger-service.ts'
import type { Attributes, Span } from '../traces/span.ts'
import type { TracedFetch } from '../traces/traced-fetch.ts'

/**
 * One piece of work: what belongs to it is said through this, also where no context is remembered.
 */
export interface Observation {
  readonly requestId: string
  /** What lines, spans and outgoing requests of the work have in common. */
  readonly context: Context
  /** Its lines have the ids of the work. */
  readonly log: LoggerService
  /** The work itself; `undefined` without `tracing`. */
  readonly span: Span | undefined
  /** Its requests are parts of the work, and carry its trace to the origins that may know it. */
  readonly fetch: TracedFetch
  /** Runs `act` within a span of its own, as `TracingService.trace`; without `tracing` alone. */
  trace<Result>(name: string, act: (span: Span | undefined) => Result): Result
  trace<Result>(
    name: string,
    attributes: Attributes,
    act: (span: Span | undefined) => Result,
  ): Result
  /** Adds fields to the line that tells how the work ended; the latest of a name stays. */
  set(fields: object): void
  /**
   * Goes on with something after the answer. What it rejects with is logged, and what it logged is
   * sent.
   */
  waitUntil(promise: Promise<unknown>): void
  /** Sends what waits. Never rejects. In a Durable Object, wait for it before you answer. */
  flush(): Promise<FlushResult>
}

/** A request. */
export interface RequestObservation extends Observation {
  /** Says by what pattern the request was answered, as `/users/:id`. */
  setRoute(route: string): void
  /** Says what went wrong with a request that somebody else, such as a framework, has answered. */
  setError(error: unknown): void
  /**
   * Answers the request with `act`, once. What it throws becomes a problem document; how it went
   * becomes one line, once a streaming body has ended. Never rejects.
   */
  handle(act: (observation: RequestObservation) => Response | Promise<Response>): Promise<Response>
}

/**
 * A piece of work that nobody waits for with a request: a batch of a queue, a cron trigger, an
 * alarm.
 */
export interface WorkObservation extends Observation {
  /** Does the work with `act`, once. How it went becomes one line; what it throws is thrown on. */
  run<Result>(act: (observation: WorkObservation) => Result | Promise<Result>): Promise<Result>
}
