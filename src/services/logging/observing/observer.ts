import { callQuietly } from '../../../primitives/call-quietly.ts'
import { readThrown } from '../../../primitives/read-thrown.ts'
import { systemClock } from '../../../runtime/ports/platform/clock.ts'
import { systemRandom } from '../../../runtime/ports/platform/random-source.ts'
import { readBaggage } from '../traces/baggage.ts'
import { readTraceContext } from '../traces/trace-parent.ts'
import { requestIdOf } from '../context/request-id.ts'
import { flushAll, type FlushResult } from '../exporting/flush-result.ts'
import { LoggerService } from '../logs/logger-service.ts'
import type { RequestObservation, WorkObservation } from './observation.ts'
import { checkObserverOptions, type ObserverOptions } from './observer-options.ts'
import { HandledRequest, knownMethod } from './handled-request.ts'
import type { ObserverHost, WorkStart } from './observed.ts'
import { ObservedWork } from './observed-work.ts'
import { createSpacedFlush, type WaitUntil } from './spaced-flush.ts'

/**
 * What keeps a program alive while it finishes: an `ExecutionContext`, the state of a Durable
 * Object.
 */
export interface WorkContext {
  waitUntil?(promise: Promise<unknown>): void
}

/** What is known of a piece of work when it begins. */
export interface WorkOptions {
  /** Fields of its line. Default: none. */
  readonly fields?: object
  /** Headers of a message that brings a trace along. Default: the work begins one. */
  readonly headers?: { get(name: string): string | null }
}

/** Observes requests and other work: one line, one span and one measurement for each. */
export interface Observer {
  readonly log: LoggerService
  /**
   * Begins to observe a request. For Durable Objects, servers and tests; `observe` and the Hono
   * middleware do it by themselves.
   *
   * @param ctx Its `waitUntil` is given what is to be sent. Default: sinks send in their own time
   */
  forRequest(request: Request, ctx?: WorkContext): RequestObservation
  /**
   * Begins to observe another piece of work.
   *
   * @param name Few, and the same for the same kind of work: `queue orders`
   */
  forWork(name: string, ctx?: WorkContext, options?: WorkOptions): WorkObservation
  /** Sends what the logger, traces, metrics and errors still hold. Never rejects. */
  flush(): Promise<FlushResult>
}

/**
 * Creates an observer.
 *
 * @throws TypeError when an option is of another kind or name
 * @throws RangeError when a time is out of range
 * @example
 * ```ts
 * const observer = createObserver({ logger: { service: 'room' } })
 * class Room extends DurableObject {
 *   fetch(request: Request) {
 *     return observer.forRequest(request, this.ctx).handle(({ log }) => {
 *       log.info('somebody came in')
 *       return new Response('welcome')
 *     })
 *   }
 * }
 * ```
 */
export function createObserver(options: ObserverOptions = {}): Observer {
  const { slowMs, flushMetricsMs } = checkObserverOptions(options)
  const { logger = {}, tracing, metrics, errors, requestIdHeaders } = options
  const { clock = systemClock, random = systemRandom } = options
  const log = logger instanceof LoggerService ? logger : new LoggerService(logger)
  const shared = [
    log,
    ...(tracing === undefined ? [] : [tracing]),
    ...(errors === undefined ? [] : [errors]),
  ]
  const durations = metrics?.histogram('http_server_request_duration_seconds', {
    help: 'How long requests took to be answered',
    unit: 'seconds',
    labels: ['method', 'route', 'status'],
  })
  const flushMetrics = metrics && createSpacedFlush(() => metrics.flush(), flushMetricsMs, clock)
  const host: ObserverHost = {
    options,
    log,
    slowMs,
    now: () => clock.now(),
    flush: () => flushAll(metrics === undefined ? shared : [...shared, metrics]),
    flushSoon(waitUntil) {
      flushMetrics?.(waitUntil ?? (() => undefined))
      // A server's sinks send in batches, in their own time.
      const flushing = waitUntil && flushAll(shared)
      if (flushing !== undefined) waitUntil?.(flushing)
      return flushing
    },
    measure: (labels, ms) => durations?.observe(labels, ms / 1000),
    report(error, details) {
      callQuietly(
        () => errors?.captureError(error, details),
        (fault) => log.warn('an error could not be reported', { reason: readThrown(fault).name }),
      )
    },
  }
  const startOf = (
    name: string,
    headers: WorkOptions['headers'],
    ctx: WorkContext | undefined,
  ): WorkStart => ({
    name,
    requestId: requestIdOf(headers ?? NO_HEADERS, requestIdHeaders, random),
    parent: readTraceContext(headers?.get('traceparent'), headers?.get('tracestate')),
    baggage: readBaggage(headers?.get('baggage')),
    waitUntil: waitUntilOf(ctx),
  })
  return {
    log,
    forRequest(request, ctx) {
      const given: unknown = request
      if (typeof given !== 'object' || given === null || !('headers' in given))
        throw new TypeError('Cannot observe request: it is of another kind, a Request expected')
      const start = startOf(knownMethod(request.method) ?? 'HTTP', request.headers, ctx)
      const observed = new HandledRequest(host, start, request)
      observations.set(request, observed)
      return observed
    },
    forWork(name, ctx, work) {
      if (typeof name !== 'string' || name === '')
        throw new TypeError('Cannot observe work: its name is no text, as "queue orders" expected')
      const { fields = {}, headers } = work ?? {}
      return new ObservedWork(host, startOf(name, headers, ctx), fields)
    },
    flush: host.flush,
  }
}

/**
 * Finds the observation of a request that is being handled, where it was not handed over: within
 * `observe` and the Hono middleware.
 *
 * @returns `undefined` when nobody observes it
 * @example
 * ```ts
 * observationOf(request)?.log.info('looked up', { found })
 * ```
 */
export function observationOf(request: Request): RequestObservation | undefined {
  return observations.get(request)
}

const observations = new WeakMap<object, RequestObservation>()

const NO_HEADERS = { get: () => null }

function waitUntilOf(ctx: WorkContext | undefined): WaitUntil | undefined {
  if (typeof ctx?.waitUntil !== 'function') return undefined
  return (promise) => {
    try {
      ctx.waitUntil?.(promise)
    } catch {
      // It is over already; what is to be sent is tried all the same.
    }
  }
}
