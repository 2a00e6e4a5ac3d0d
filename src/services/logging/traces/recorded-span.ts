import { readThrown } from '../../../primitives/read-thrown.ts'
import { runInContext, type Context } from '../context/context.ts'
import { readableCopy } from '../values/readable-copy.ts'
import type { Attributes, Span, SpanEvent, SpanKind, SpanRecord } from './span.ts'
import type { SpanIds } from './span-ids.ts'
import { isTraceContext, writeTraceparent, type TraceContext } from './trace-parent.ts'

/** What spans need of the service that made them. */
export interface SpanHost {
  /** Whether anybody takes spans. */
  readonly records: boolean
  readonly now: () => number
  readonly ids: SpanIds
  readonly service: string | undefined
  readonly limits: SpanLimits
  /** Attributes and texts as plain data, without what must not be shown. */
  readonly plain: (attributes: Attributes) => Readonly<Record<string, unknown>>
  readonly text: (text: string) => string
  readonly start: (name: string, parent: Span, attributes: Attributes) => Span
  readonly ended: (record: SpanRecord, root: LocalRoot) => void
  readonly context: () => Context | undefined
}

/** How much one span may hold. */
export interface SpanLimits {
  readonly maxAttributes: number
  readonly maxEvents: number
}

/** What is known of a span when it begins. */
export interface SpanStart {
  readonly name: string
  readonly kind: SpanKind
  readonly parent: TraceContext | undefined
  readonly links: readonly TraceContext[]
  readonly attributes: Attributes
  readonly traceId: string
  readonly root: LocalRoot
  /** ms since 1970. Default: now */
  readonly startMs?: number | undefined
}

/** Stands for the part of a trace that is done here. */
export interface LocalRoot {
  /** The span that began it. */
  spanId: string
}

/** A span that may be recorded. */
export class RecordedSpan implements Span {
  name: string
  readonly traceId: string
  readonly spanId: string
  readonly sampled: boolean
  readonly random: boolean
  readonly traceState: string | undefined
  readonly root: LocalRoot
  readonly #host: SpanHost
  readonly #start: SpanStart
  readonly #startMs: number
  #attributes: Record<string, unknown> | undefined
  #count = 0
  #droppedAttributes = 0
  #events: SpanEvent[] | undefined
  #links: readonly TraceContext[]
  #droppedEvents = 0
  #status: SpanRecord['status'] = 'unset'
  #statusMessage: string | undefined
  #ended = false

  constructor(host: SpanHost, start: SpanStart, sampled: boolean) {
    const { parent } = start
    this.#host = host
    this.#start = start
    this.traceId = start.traceId
    this.spanId = host.ids.next(16)
    this.sampled = sampled
    // Ids of our own are random.
    this.random = parent?.random ?? true
    this.traceState = parent?.traceState
    this.name = start.name
    this.root = start.root
    this.#links = start.links
    if (this.root.spanId === '') this.root.spanId = this.spanId
    this.#startMs = timeOf(start.startMs) ?? host.now()
    this.#ended = !host.records || !sampled
    this.setAttributes(start.attributes)
  }

  get traceparent(): string {
    return writeTraceparent(this)
  }

  get recording(): boolean {
    return !this.#ended
  }

  updateName(name: string): this {
    if (this.recording) this.name = name
    return this
  }

  setAttribute(name: string, value: unknown): this {
    if (!this.recording) return this
    this.#attributes ??= {}
    if (name === '__proto__') return this
    if (!Object.hasOwn(this.#attributes, name) && ++this.#count > this.#host.limits.maxAttributes) {
      this.#count--
      this.#droppedAttributes++
    } else this.#attributes[name] = value
    return this
  }

  setAttributes(attributes: Attributes): this {
    if (!this.recording) return this
    const copy = readableCopy(attributes)
    const names = Object.keys(copy)
    if (this.#attributes === undefined && names.length <= this.#host.limits.maxAttributes) {
      this.#attributes = copy
      this.#count = names.length
    } else for (const name of names) this.setAttribute(name, copy[name])
    return this
  }

  addLink(context: TraceContext): this {
    if (
      this.recording &&
      isTraceContext(context) &&
      this.#links.length < this.#host.limits.maxEvents
    )
      this.#links = [...this.#links, context]
    return this
  }

  addEvent(name: string, attributes: Attributes = {}, timeMs?: number): this {
    if (!this.recording) return this
    this.#events ??= []
    if (this.#events.length >= this.#host.limits.maxEvents) this.#droppedEvents++
    else this.#events.push({ name, timeMs: timeOf(timeMs) ?? this.#host.now(), attributes })
    return this
  }

  recordError(error: unknown): this {
    this.addEvent('exception', exceptionOf(error))
    return this.setStatus('error', readThrown(error).message)
  }

  setStatus(status: 'ok' | 'error', message?: string): this {
    // What was said to be well is not unsaid.
    if (!this.recording || this.#status === 'ok') return this
    this.#status = status
    this.#statusMessage = status === 'error' ? message : undefined
    return this
  }

  child(name: string, attributes: Attributes = {}): Span {
    return this.#host.start(name, this, attributes)
  }

  run<Result>(act: () => Result): Result {
    const { traceId, spanId, sampled, traceState, root } = this
    const trace = { random: this.random, traceState, root }
    return runInContext({ ...this.#host.context(), traceId, spanId, sampled, trace }, act)
  }

  end(at?: number): void {
    if (!this.recording) return
    this.#ended = true
    const { kind, parent } = this.#start
    const { plain, text, now, service, ended } = this.#host
    const endMs = Math.max(timeOf(at) ?? now(), this.#startMs)
    ended(
      {
        traceId: this.traceId,
        spanId: this.spanId,
        parentSpanId: parent?.spanId,
        traceState: this.traceState,
        name: text(this.name),
        kind,
        startMs: this.#startMs,
        endMs,
        attributes: this.#attributes === undefined ? NONE : plain(this.#attributes),
        events:
          this.#events?.map((event) => ({
            name: text(event.name),
            timeMs: event.timeMs,
            attributes: plain(event.attributes),
          })) ?? NO_EVENTS,
        links: this.#links,
        status: this.#status,
        statusMessage: this.#statusMessage === undefined ? undefined : text(this.#statusMessage),
        droppedAttributes: this.#droppedAttributes,
        droppedEvents: this.#droppedEvents,
        service,
      },
      this.root,
    )
  }

  [Symbol.dispose](): void {
    this.end()
  }
}

const NONE = {}
const NO_EVENTS: readonly SpanEvent[] = []

/** What is no time since 1970 is as none: a receiver would refuse the span with all its batch. */
function timeOf(ms: number | undefined): number | undefined {
  return typeof ms === 'number' && ms >= 0 && ms < LATEST_MS ? ms : undefined
}

/** So many ms are the last nanoseconds that 64 bits hold. */
const LATEST_MS = 18_446_744_073_709

/** What is noted of something that was thrown, under OpenTelemetry's names. */
export function exceptionOf(error: unknown): Attributes {
  const { name, message, stack } = readThrown(error)
  return {
    'exception.type': name,
    'exception.message': message,
    ...(stack !== null && { 'exception.stacktrace': stack }),
  }
}
