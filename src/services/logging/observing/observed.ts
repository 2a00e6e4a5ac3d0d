import { systemFetch } from '../../../runtime/ports/platform/fetch-client.ts'
import { currentContext, runInContext, type Context } from '../context/context.ts'
import { flushAll, NOTHING, type FlushResult } from '../exporting/flush-result.ts'
import type { LogLevel } from '../logs/log-level.ts'
import type { LoggerService } from '../logs/logger-service.ts'
import type { Baggage } from '../traces/baggage.ts'
import type { Attributes, Span, SpanKind } from '../traces/span.ts'
import type { TraceContext } from '../traces/trace-parent.ts'
import type { TracedFetch } from '../traces/traced-fetch.ts'
import { readableCopy } from '../values/readable-copy.ts'
import type { Observation } from './observation.ts'
import type { ErrorDetails, ObserverOptions } from './observer-options.ts'
import type { WaitUntil } from './spaced-flush.ts'

/** What observations need of their observer. */
export interface ObserverHost {
  readonly options: ObserverOptions
  readonly log: LoggerService
  readonly slowMs: number
  readonly now: () => number
  readonly flush: () => Promise<FlushResult>
  /** @returns What was begun at once, with what is to be sent but metrics */
  readonly flushSoon: (waitUntil: WaitUntil | undefined) => Promise<FlushResult> | undefined
  readonly measure: (
    labels: { readonly method: string; readonly route: string; readonly status: string },
    ms: number,
  ) => void
  readonly report: (error: unknown, details: ErrorDetails) => void
}

/** What is known of work when it begins. */
export interface WorkStart {
  readonly name: string
  readonly requestId: string
  readonly parent: TraceContext | undefined
  readonly baggage: Baggage
  readonly waitUntil: WaitUntil | undefined
}

/** What requests and other work have in common. */
export abstract class Observed implements Observation {
  readonly requestId: string
  readonly context: Context
  readonly log: LoggerService
  readonly span: Span | undefined
  readonly fetch: TracedFetch
  protected readonly host: ObserverHost
  protected readonly start: WorkStart
  readonly #startMs: number
  readonly #fields: object[] = []
  #begun = false
  #flushing: Promise<FlushResult> | undefined

  constructor(host: ObserverHost, start: WorkStart, kind: SpanKind, attributes: Attributes) {
    const { tracing, fetch = systemFetch } = host.options
    const { name, requestId, parent, baggage } = start
    this.host = host
    this.start = start
    this.#startMs = host.now()
    this.requestId = requestId
    const span = tracing?.startSpan(name, { kind, attributes, parent: parent ?? null })
    this.span = span
    // Without spans of our own lines still belong to the caller's trace.
    const trace = span ?? parent
    this.context = {
      requestId,
      ...(trace !== undefined && {
        traceId: trace.traceId,
        spanId: trace.spanId,
        sampled: trace.sampled,
        trace: { random: trace.random, traceState: trace.traceState, root: undefined },
      }),
      ...(baggage.size > 0 && { baggage }),
    }
    this.log = host.log.inContext(this.context)
    this.fetch = (url, init) => {
      // A request of the platform's is for the platform's own.
      if (tracing === undefined) return (fetch as TracedFetch)(url, init ?? {})
      const isRemembered = span === undefined || currentContext() !== undefined
      return (isRemembered ? tracing.fetch : tracing.fetchWithin(span))(url, init)
    }
  }

  trace<Result>(
    name: string,
    given: Attributes | ((span: Span | undefined) => Result),
    act?: (span: Span | undefined) => Result,
  ): Result {
    const work = typeof given === 'function' ? given : act
    if (typeof work !== 'function')
      throw new TypeError('Cannot trace: the last argument is no function, one expected')
    const { tracing } = this.host.options
    if (tracing === undefined) return work(undefined)
    const attributes = typeof given === 'function' ? {} : given
    const parent = currentContext() === undefined ? this.span : undefined
    const span = tracing.startSpan(name, { attributes, ...(parent !== undefined && { parent }) })
    return tracing.runSpan(span, work)
  }

  set(fields: object): void {
    this.#fields.push(fields)
  }

  waitUntil(promise: Promise<unknown>): void {
    const { waitUntil } = this.start
    // Plain JavaScript may hand over what is none.
    const done = Promise.resolve(promise)
      .catch((error: unknown) => {
        this.log.error(error, 'work after the answer failed')
        this.host.report(error, this.details(false))
      })
      // What it logged is to be sent too, and counts as work of its own.
      .then(() => waitUntil && this.host.flush())
    waitUntil?.(done)
  }

  flush(): Promise<FlushResult> {
    const begun = this.#flushing
    this.#flushing = undefined
    // Who waits for this waits for what has been handed to `waitUntil` too.
    const soon = { flush: async () => begun ?? NOTHING }
    return flushAll([soon, { flush: this.host.flush }])
  }

  /** What the work is called where errors are gathered. */
  protected abstract get transaction(): string

  protected details(handled: boolean): ErrorDetails {
    const { requestId, traceId, spanId } = this.context
    return { requestId, traceId, spanId, transaction: this.transaction, handled }
  }

  /** @throws TypeError the second time */
  protected within<Result>(act: () => Result): Result {
    if (this.#begun)
      throw new TypeError(
        'Cannot observe: this was observed before, one observation for each expected',
      )
    this.#begun = true
    const { span } = this
    return runInContext(this.context, () => (span === undefined ? act() : span.run(act)))
  }

  protected passedMs(): number {
    return Math.max(0, this.host.now() - this.#startMs)
  }

  /**
   * Writes the line, ends the span, and sees to it that both are sent.
   *
   * @param level `undefined` for no line
   */
  protected finish(level: LogLevel | undefined, message: string, fields: object): void {
    if (level !== undefined) {
      // Its own fields come last: what is set cannot take their place.
      const all = [...this.#fields, fields].map(readableCopy)
      this.log[level](Object.assign({}, ...all) as object, message)
    }
    this.span?.end()
    this.#flushing = this.host.flushSoon(this.start.waitUntil)
  }
}
