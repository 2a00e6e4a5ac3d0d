/** Where a piece of work belongs: what a `traceparent` and a `tracestate` header say together. */
export interface TraceContext {
  /** 32 lower-case hex digits, not all 0. */
  readonly traceId: string
  /** Of the span that the work is a part of: 16 lower-case hex digits, not all 0. */
  readonly spanId: string
  /** Whether whoever called records the trace. */
  readonly sampled: boolean
  /** Whether the trace's id is random in its last 7 bytes (level 2 of the specification). */
  readonly random: boolean
  /** What other systems have put into `tracestate`, as it goes on. */
  readonly traceState?: string | undefined
}

const TRACEPARENT =
  /^[ \t]*(?!ff)([\da-f]{2})-(?!0{32})([\da-f]{32})-(?!0{16})([\da-f]{16})-([\da-f]{2})(-[^,]*)?[ \t]*$/
const SAMPLED = 1
const RANDOM = 2

/**
 * Reads the two headers of W3C Trace Context. A `traceparent` that is malformed, or stood twice in
 * the request, is as none; a malformed `tracestate` is left out.
 *
 * @returns `undefined` when the caller belongs to no trace
 */
export function readTraceContext(
  traceparent: string | null | undefined,
  tracestate?: string | null,
): TraceContext | undefined {
  const match = TRACEPARENT.exec(traceparent ?? '')
  if (match === null) return undefined
  const [, version, traceId = '', spanId = '', flagText = '', more] = match
  // Only later versions may say more.
  if (version === '00' && more !== undefined) return undefined
  const flags = Number.parseInt(flagText, 16)
  return {
    traceId,
    spanId,
    sampled: (flags & SAMPLED) !== 0,
    random: (flags & RANDOM) !== 0,
    traceState: readTraceState(tracestate),
  }
}

/** Whether a value names a trace and a span, as others' programs may not. */
export function isTraceContext(value: unknown): value is TraceContext {
  const { traceId, spanId } = (value ?? {}) as Partial<Record<string, unknown>>
  return isId(traceId, TRACE_ID) && isId(spanId, SPAN_ID)
}

const TRACE_ID = /^(?!0+$)[\da-f]{32}$/
const SPAN_ID = /^(?!0+$)[\da-f]{16}$/

function isId(value: unknown, pattern: RegExp): boolean {
  return typeof value === 'string' && pattern.test(value)
}

/** @returns The header `traceparent` for work that is a part of this */
export function writeTraceparent(context: Omit<TraceContext, 'traceState'>): string {
  const flags = (context.sampled ? SAMPLED : 0) | (context.random ? RANDOM : 0)
  return `00-${context.traceId}-${context.spanId}-0${flags}`
}

const MAX_MEMBERS = 32
const MEMBER = /^([a-z\d][a-z\d_*/@-]{0,255})=([ !-+\--<>-~]{0,255}[!-+\--<>-~])$/

/**
 * @returns The members in their order, each key once; `undefined` when there is none or one is
 *   malformed
 */
function readTraceState(header: string | null | undefined): string | undefined {
  const members = new Map<string, string>()
  for (const part of (header ?? '').split(',')) {
    const member = part.replace(/^[ \t]+|[ \t]+$/g, '')
    if (member === '') continue
    const key = MEMBER.exec(member)?.[1]
    if (key === undefined) return undefined
    if (!members.has(key)) members.set(key, member)
  }
  if (members.size === 0 || members.size > MAX_MEMBERS) return undefined
  return Array.from(members.values()).join(',')
}
