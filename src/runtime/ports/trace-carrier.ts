/**
 * Where work belongs, as it goes along with what is put off or sent: the headers of W3C Trace
 * Context and Baggage.
 */
export interface TraceHeaders {
  readonly traceparent: string
  readonly tracestate?: string
  readonly baggage?: string
}

/** A piece of work while it is done. */
export interface TracedWork {
  /** For what it puts off or sends in its turn. */
  readonly headers: TraceHeaders
  setAttribute(name: string, value: string | number | boolean): unknown
  recordError(error: unknown): unknown
}

/**
 * Carries traces over queues and to receivers: of logging's `TracingService` the part that services
 * call.
 */
export interface TraceCarrier {
  /** @returns What goes along with work that is put off now, `undefined` outside of any trace */
  carry(): TraceHeaders | undefined
  /** Does work in the trace that came along with it, without one in a new trace. */
  carryOn<Result>(
    work: {
      readonly name: string
      readonly kind: 'consumer' | 'client'
      readonly attributes: Readonly<Record<string, string | number>>
    },
    headers: TraceHeaders | undefined,
    act: (work: TracedWork) => Result,
  ): Result
  /** Whether the receiver at `url` may know the trace. */
  mayTell(url: string): boolean
}

const NAMES = ['traceparent', 'tracestate', 'baggage'] as const
/** Of what is kept with a job; a longer baggage stays behind. */
const MAX_LENGTH = 1024

/** Reads headers back from what was kept with a job: who wrote it may have been another version. */
export function readTraceHeaders(kept: unknown): TraceHeaders | undefined {
  if (typeof kept !== 'object' || kept === null) return undefined
  const headers: Partial<Record<(typeof NAMES)[number], string>> = {}
  for (const name of NAMES) {
    // Only own data was kept.
    const value = (kept as Readonly<Record<string, unknown>>)[name]
    if (typeof value === 'string' && value.length <= MAX_LENGTH) headers[name] = value
  }
  const { traceparent } = headers
  return traceparent === undefined ? undefined : { ...headers, traceparent }
}
