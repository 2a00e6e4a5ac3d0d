import { callQuietly } from '../../../primitives/call-quietly.ts'
import { checkInteger } from '../../../primitives/check-range.ts'
import { systemClock } from '../../../runtime/ports/platform/clock.ts'
import { systemFetch } from '../../../runtime/ports/platform/fetch-client.ts'
import { systemRandom } from '../../../runtime/ports/platform/random-source.ts'
import type {
  TraceCarrier,
  TracedWork,
  TraceHeaders,
} from '../../../runtime/ports/trace-carrier.ts'
import { currentContext, runInContext, type Context } from '../context/context.ts'
import { flushAll, type FlushResult } from '../exporting/flush-result.ts'
import { createRedactor } from '../redaction/create-redactor.ts'
import type { Redactor } from '../redaction/redactor.ts'
import { plainValue } from '../values/plain-value.ts'
import { readBaggage, writeBaggage, type Baggage } from './baggage.ts'
import { RecordedSpan, type LocalRoot, type SpanHost } from './recorded-span.ts'
import { parentSampler, type Sampler } from './sampler.ts'
import type { Attributes, Span, SpanKind, SpanRecord, SpanSink } from './span.ts'
import { createSpanIds } from './span-ids.ts'
import { createTailSampler, type TailSampler } from './tail-sampler.ts'
import {
  isTraceContext,
  readTraceContext,
  writeTraceparent,
  type TraceContext,
} from './trace-parent.ts'
import { checkTracing } from './check-tracing.ts'
import { readPropagation } from './propagation.ts'
import { createTracedFetch, type TracedFetch } from './traced-fetch.ts'
import type { PlatformTracing, TracingOptions } from './tracing-options.ts'

/** How a span begins. */
export interface SpanOptions {
  readonly attributes?: Attributes
  /** Default `internal`. */
  readonly kind?: SpanKind
  /** What it is a part of. Default: the span that is open; `null` for none. */
  readonly parent?: TraceContext | null
  /** What it has to do with besides. */
  readonly links?: readonly TraceContext[]
  /** When it began, ms since 1970. Default: now. */
  readonly startMs?: number
}

const CREATE = 'create tracing'
const LIMITS = { maxDepth: 4, maxValues: 200, maxTextLength: 4096 }

/**
 * Records what takes how long, and which work belongs together, over all the programs that a trace
 * goes through.
 *
 * @example
 * ```ts
 * const tracing = new TracingService({ service: 'api', sinks: [otlp({ url: env.OTLP_URL })] })
 * const total = await tracing.trace('order.total', { orderId }, async (span) => {
 *   span.addEvent('cache.miss')
 *   return compute(orderId)
 * })
 * ```
 */
export class TracingService {
  /** A `fetch` whose requests are spans, and carry the trace to the origins of `propagateTo`. */
  readonly fetch: TracedFetch
  readonly #host: SpanHost
  readonly #sampler: Sampler
  readonly #sinks: readonly SpanSink[]
  readonly #tail: TailSampler | undefined
  readonly #platform: PlatformTracing | undefined
  readonly #onError: (error: unknown) => void
  readonly #fetchWithin: (parent: TraceContext) => TracedFetch
  readonly #mayTell: (url: string) => boolean

  /**
   * @throws TypeError when an option is of another kind or name
   * @throws RangeError when a number is out of range
   */
  constructor(options: TracingOptions = {}) {
    checkTracing(CREATE, options)
    const { redact = {}, clock = systemClock, random = systemRandom } = options
    const { maxAttributes = 128, maxEvents = 128, propagateTo = [], fetch = systemFetch } = options
    const redactor =
      redact === 'show-everything'
        ? undefined
        : 'explain' in redact
          ? redact
          : createRedactor({ ...LIMITS, ...redact })
    this.#sampler = options.sampler ?? parentSampler()
    this.#sinks = [...(options.sinks ?? [])]
    this.#platform = options.platform
    this.#onError = (error) => callQuietly(() => options.onError?.(error))
    this.#tail = options.tail && createTailSampler(options.tail, (record) => this.#write(record))
    this.#host = {
      records: this.#sinks.length > 0,
      now: () => clock.now(),
      ids: createSpanIds(random),
      service: options.service,
      limits: {
        maxAttributes: checkInteger(CREATE, 'maxAttributes', maxAttributes, 1, 10_000),
        maxEvents: checkInteger(CREATE, 'maxEvents', maxEvents, 1, 10_000),
      },
      plain: (attributes) => plainAttributes(attributes, redactor),
      text: (given) => {
        const text = typeof given === 'string' ? given : '[Unreadable]'
        return redactor?.text(text) ?? text.toWellFormed()
      },
      start: (name, parent, attributes) => this.startSpan(name, { parent, attributes }),
      ended: (record, root) => this.#ended(record, root),
      context: options.context ?? currentContext,
    }
    this.#mayTell = readPropagation(propagateTo)
    this.fetch = createTracedFetch(this, fetch)
    this.#fetchWithin = (parent) => createTracedFetch(this, fetch, parent)
  }

  /** The same as `fetch` for a span that the platform does not remember. */
  fetchWithin(parent: TraceContext): TracedFetch {
    return this.#fetchWithin(parent)
  }

  /** Begins a span that `end()`, or `using`, ends: a part of the one that is open, else a trace. */
  startTrace(name: string, attributes: Attributes = {}): Span {
    return this.startSpan(name, { attributes })
  }

  /**
   * The same with all there is to say of it. What is no context of a trace is as none.
   *
   * @throws TypeError when the name is no text
   */
  startSpan(name: string, options: SpanOptions = {}): Span {
    if (typeof name !== 'string')
      throw new TypeError('Cannot start span: its name is no text, one expected')
    const { attributes = {}, kind = 'internal', links = [], startMs } = options
    const given = isContext(options.parent) ? options.parent : options.parent && null
    const context = given === undefined ? this.#host.context() : undefined
    const parent = given ?? traceContextOf(context)
    const traceId = parent?.traceId ?? this.#host.ids.next(32)
    const root = rootOf(given, context) ?? { spanId: '' }
    const valid = links.length === 0 ? links : links.filter(isContext)
    const start = { traceId, name, kind, attributes, parent, links: valid, root, startMs }
    return new RecordedSpan(this.#host, start, this.#samples(start))
  }

  /**
   * Runs `act` within a span of its own, which ends with it: what it starts, logs and sends belongs
   * to it. What it throws is noted and thrown on.
   */
  trace<Result>(name: string, act: (span: Span) => Result): Result
  trace<Result>(name: string, attributes: Attributes, act: (span: Span) => Result): Result
  trace<Result>(
    name: string,
    given: Attributes | ((span: Span) => Result),
    act?: (span: Span) => Result,
  ): Result {
    if (typeof given === 'function') return this.runSpan(this.startSpan(name), given)
    return this.runSpan(this.startSpan(name, { attributes: given }), act ?? missingAct)
  }

  /** Runs `act` within a span that was started, and ends it. */
  runSpan<Result>(span: Span, act: (span: Span) => Result): Result {
    const run = (): Result => {
      try {
        const result = span.run(() => act(span))
        if (!isThenable(result)) {
          span.end()
          return result
        }
        // What is waited for has the same result.
        return result.then(
          (value: unknown) => {
            span.end()
            return value
          },
          (error: unknown) => {
            span.recordError(error).end()
            throw error
          },
        ) as Result
      } catch (error) {
        span.recordError(error).end()
        throw error
      }
    }
    if (this.#platform === undefined || !span.recording) return run()
    return this.#platform.enterSpan(span.name, (native) => {
      native.setAttribute('trace.id', span.traceId)
      return run()
    })
  }

  /** @returns Where the work that is running belongs, `undefined` outside of any span */
  current(): TraceContext | undefined {
    return traceContextOf(this.#host.context())
  }

  /** @returns What a request's headers say of the trace it belongs to */
  extract(headers: { get(name: string): string | null }): TraceContext | undefined {
    return readTraceContext(headers.get('traceparent'), headers.get('tracestate'))
  }

  /**
   * Writes the trace into headers, for a message or a request to someone who may know it.
   *
   * @param context Default: that of the span that is open; without one nothing is written
   */
  inject(
    headers: { set(name: string, value: string): unknown },
    context: TraceContext | undefined = this.current(),
  ): void {
    if (context === undefined) return
    headers.set('traceparent', writeTraceparent(context))
    if (context.traceState !== undefined) headers.set('tracestate', context.traceState)
    const { baggage } = this.#host.context() ?? {}
    const header = baggage === undefined ? undefined : writeBaggage(baggage)
    if (header !== undefined) headers.set('baggage', header)
  }

  /** Runs `act` as a part of the trace that a request's headers tell, with its baggage. */
  continueFrom<Result>(headers: { get(name: string): string | null }, act: () => Result): Result {
    const context = this.extract(headers)
    const baggage = readBaggage(headers.get('baggage'))
    return runInContext(
      {
        ...this.#host.context(),
        ...(context !== undefined && contextOf(context)),
        ...(baggage.size > 0 && { baggage }),
      },
      act,
    )
  }

  /** The headers of the span that is open, to be kept with work that is put off. */
  carry(): TraceHeaders | undefined {
    const context = this.current()
    return context === undefined ? undefined : this.#headersOf(context)
  }

  /**
   * Does work in the trace that came along with it: a span of its own, whose headers go to whatever
   * `act` puts off or sends. Without headers it begins a trace.
   */
  carryOn<Result>(
    { name, kind, attributes }: Parameters<TraceCarrier['carryOn']>[0],
    headers: TraceHeaders | undefined,
    act: (work: TracedWork) => Result,
  ): Result {
    const parent = readTraceContext(headers?.traceparent, headers?.tracestate) ?? null
    // What runs the queue may itself be in a trace, which has nothing to do with this work.
    const baggage = readBaggage(headers?.baggage)
    return runInContext({ ...this.#host.context(), baggage }, () =>
      this.runSpan(this.startSpan(name, { kind, attributes, parent }), (span) =>
        act({
          headers: this.#headersOf(span, baggage),
          setAttribute: (key, value) => span.setAttribute(key, value),
          recordError: (error) => span.recordError(error),
        }),
      ),
    )
  }

  /** Whether the server at `url` is one of `propagateTo`. */
  mayTell(url: string): boolean {
    return this.#mayTell(url)
  }

  #headersOf(context: TraceContext, given?: Baggage): TraceHeaders {
    const { traceState: tracestate } = context
    const baggage = writeBaggage(given ?? this.#host.context()?.baggage ?? new Map())
    return {
      traceparent: writeTraceparent(context),
      ...(tracestate !== undefined && { tracestate }),
      ...(baggage !== undefined && { baggage }),
    }
  }

  /** Sends what the sinks still hold. Never rejects, and can be called again and again. */
  flush(): Promise<FlushResult> {
    return flushAll(this.#sinks)
  }

  #samples(candidate: Parameters<Sampler>[0]): boolean {
    try {
      return this.#sampler(candidate)
    } catch (error) {
      this.#onError(error)
      return false
    }
  }

  #ended(record: SpanRecord, root: LocalRoot): void {
    if (this.#tail === undefined) {
      this.#write(record)
      return
    }
    this.#tail.add(record, root)
    if (root.spanId === record.spanId) this.#tail.end(root)
  }

  #write(record: SpanRecord): void {
    for (const sink of this.#sinks) {
      try {
        sink.writeSpan(record)
      } catch (error) {
        this.#onError(error)
      }
    }
  }
}

function plainAttributes(
  attributes: Attributes,
  redactor: Redactor | undefined,
): Readonly<Record<string, unknown>> {
  const plain = redactor?.object(attributes) ?? plainValue(attributes, LIMITS)
  // Of an object both make an object.
  return (typeof plain === 'object' && plain !== null ? plain : {}) as Record<string, unknown>
}

function traceContextOf(context: Context | undefined): TraceContext | undefined {
  const { traceId, spanId, sampled = true, trace } = context ?? {}
  if (traceId === undefined || spanId === undefined) return undefined
  return { traceId, spanId, sampled, random: trace?.random ?? false, traceState: trace?.traceState }
}

function contextOf({ traceId, spanId, sampled, random, traceState }: TraceContext): Context {
  return { traceId, spanId, sampled, trace: { random, traceState, root: undefined } }
}

/** A span of ours is one, whatever others may give. */
function isContext(given: TraceContext | null | undefined): given is TraceContext {
  return given instanceof RecordedSpan || isTraceContext(given)
}

function rootOf(
  parent: TraceContext | null | undefined,
  context: Context | undefined,
): LocalRoot | undefined {
  return parent instanceof RecordedSpan ? parent.root : context?.trace?.root
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (
    typeof value === 'object' &&
    value !== null &&
    'then' in value &&
    typeof value.then === 'function'
  )
}

function missingAct(): never {
  throw new TypeError('Cannot trace: the last argument is no function, one expected')
}
