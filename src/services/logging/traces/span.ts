import type { FlushResult } from '../exporting/flush-result.ts'
import type { TraceContext } from './trace-parent.ts'

/** Attributes as they are given. */
export type Attributes = Readonly<Record<string, unknown>>

/** What a span is to the others of its trace. */
export type SpanKind = 'internal' | 'server' | 'client' | 'producer' | 'consumer'

/** A piece of work with a beginning and an end. Ends with `end()`, or by itself with `using`. */
export type Span = OpenSpan & { readonly [Key in DisposeKey]: () => void }

/** `Symbol.dispose` for programs whose types have it; the others read these types without. */
type DisposeKey = SymbolConstructor extends { readonly dispose: infer Key extends symbol }
  ? Key
  : never

/** What a span does besides. */
export interface OpenSpan extends TraceContext {
  readonly name: string
  /** The header for whoever is called within it. */
  readonly traceparent: string
  /** Whether anything is kept of it. */
  readonly recording: boolean
  /** Calls the span otherwise, once more is known: `GET /users/:id`. */
  updateName(name: string): this
  setAttribute(name: string, value: unknown): this
  setAttributes(attributes: Attributes): this
  /** Notes other work that this has to do with. */
  addLink(context: TraceContext): this
  /**
   * Notes that something happened.
   *
   * @param timeMs When, ms since 1970. Default: now
   */
  addEvent(name: string, attributes?: Attributes, timeMs?: number): this
  /** Notes an error, and that the work failed. */
  recordError(error: unknown): this
  setStatus(status: 'ok' | 'error', message?: string): this
  /** A part of this work. */
  child(name: string, attributes?: Attributes): Span
  /** Runs `act` within this span: what it starts, logs and sends belongs to it. Does not end it. */
  run<Result>(act: () => Result): Result
  /**
   * Only the first call ends it.
   *
   * @param endMs When it ended, ms since 1970. Default: now
   */
  end(endMs?: number): void
}

/** A span that has ended: plain data, without what the redactor hides. */
export interface SpanRecord {
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId?: string | undefined
  readonly traceState?: string | undefined
  readonly name: string
  readonly kind: SpanKind
  /** ms since 1970. */
  readonly startMs: number
  readonly endMs: number
  readonly attributes: Readonly<Record<string, unknown>>
  readonly events: readonly SpanEvent[]
  readonly links: readonly TraceContext[]
  readonly status: 'unset' | 'ok' | 'error'
  readonly statusMessage?: string | undefined
  /** Attributes and events that were over the limits. */
  readonly droppedAttributes: number
  readonly droppedEvents: number
  readonly service?: string | undefined
}

/** Something that happened within a span. */
export interface SpanEvent {
  readonly name: string
  readonly timeMs: number
  readonly attributes: Readonly<Record<string, unknown>>
}

/** Takes spans that have ended. What it throws goes no further. */
export interface SpanSink {
  writeSpan(span: SpanRecord): void
  /** Sends what still waits. */
  flush?(): Promise<FlushResult>
}
