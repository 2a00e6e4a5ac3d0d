import { exceptionOf } from './recorded-span.ts'
import type { Attributes, Span, SpanKind } from './span.ts'
import { isTraceContext, type TraceContext } from './trace-parent.ts'
import type { TracingService } from './tracing-service.ts'

/** What is asked of the package `@opentelemetry/api`: all of it, as `import * as api`. */
export interface OpenTelemetryApi {
  readonly trace: {
    setGlobalTracerProvider(provider: object): boolean
    getSpanContext(context: object): OtelSpanContext | undefined
    setSpan(context: object, span: object): object
  }
  readonly context: {
    active(): object
    with(context: object, act: () => unknown): unknown
  }
}

/** Where a span of OpenTelemetry belongs. */
interface OtelSpanContext {
  readonly traceId: string
  readonly spanId: string
  readonly traceFlags: number
  readonly traceState?: { serialize(): string } | undefined
}

/** An instant as OpenTelemetry takes it: ms since 1970, seconds and nanoseconds, or a date. */
type OtelTime = number | readonly [number, number] | Date

interface OtelLink {
  readonly context: OtelSpanContext
}

interface OtelSpanOptions {
  readonly kind?: number
  readonly attributes?: Attributes
  readonly links?: readonly OtelLink[]
  readonly startTime?: OtelTime
  readonly root?: boolean
}

const KINDS: readonly SpanKind[] = ['internal', 'server', 'client', 'producer', 'consumer']

/**
 * Makes libraries that know OpenTelemetry record their spans with this service, in the same traces
 * as its own: whatever they get from `api.trace.getTracer()` from now on.
 *
 * @param api `import * as api from '@opentelemetry/api'`
 * @throws TypeError when another provider was registered before
 * @example
 * ```ts
 * import * as api from '@opentelemetry/api'
 * registerOpenTelemetry(new TracingService({ sinks: [otlp({ url })] }), api)
 * ```
 */
export function registerOpenTelemetry(tracing: TracingService, api: OpenTelemetryApi): void {
  const getTracer = (): object => createTracer(tracing, api)
  if (!api.trace.setGlobalTracerProvider({ getTracer }))
    throw new TypeError(
      'Cannot register for OpenTelemetry: another provider is registered, api.trace.disable() takes it back',
    )
}

function createTracer(tracing: TracingService, api: OpenTelemetryApi): object {
  function start(
    name: string,
    options: OtelSpanOptions | null | undefined,
    context: object = api.context.active(),
  ): Span {
    const { kind = 0, attributes = {}, links = [], startTime, root = false } = options ?? {}
    const above = root ? undefined : api.trace.getSpanContext(context)
    return tracing.startSpan(name, {
      kind: KINDS[kind] ?? 'internal',
      attributes,
      links: links.map((link) => contextOf(link.context)),
      ...startOf(startTime),
      // Without one of theirs, or with none that is one, it is a part of what is open here.
      ...(root ? { parent: null } : isTraceContext(above) && { parent: contextOf(above) }),
    })
  }
  return {
    startSpan: (name: string, options?: OtelSpanOptions, context?: object) =>
      otelSpan(start(name, options, context)),
    startActiveSpan(name: string, ...rest: readonly unknown[]): unknown {
      const act = rest.at(-1)
      if (typeof act !== 'function')
        throw new TypeError('Cannot start span: the last argument is no function, one expected')
      const [options, context = api.context.active()] = rest.slice(0, -1) as [
        OtelSpanOptions?,
        object?,
      ]
      const span = start(name, options, context)
      const shown = otelSpan(span)
      return api.context.with(api.trace.setSpan(context, shown), () =>
        span.run(() => Reflect.apply(act, undefined, [shown]) as unknown),
      )
    },
  }
}

/** A span of ours as OpenTelemetry's libraries know them. */
function otelSpan(span: Span): object {
  const { traceId, spanId, sampled, random, traceState } = span
  const spanContext = {
    traceId,
    spanId,
    traceFlags: (sampled ? 1 : 0) | (random ? 2 : 0),
    ...(traceState !== undefined && { traceState: stateOf(traceState) }),
  }
  const shown = {
    spanContext: () => spanContext,
    isRecording: () => span.recording,
    setAttribute(name: string, value: unknown) {
      span.setAttribute(name, value)
      return shown
    },
    setAttributes(attributes: Attributes) {
      span.setAttributes(attributes)
      return shown
    },
    addEvent(name: string, attributes?: Attributes | OtelTime, at?: OtelTime) {
      if (isTime(attributes)) span.addEvent(name, {}, msOf(attributes))
      else span.addEvent(name, attributes, msOf(at))
      return shown
    },
    addLink: (link: OtelLink) => shown.addLinks([link]),
    addLinks(links: readonly OtelLink[]): object {
      for (const { context } of links) span.addLink(contextOf(context))
      return shown
    },
    setStatus(status?: { readonly code: number; readonly message?: string }) {
      const { code = 0, message } = status ?? {}
      if (code !== 0) span.setStatus(code === 1 ? 'ok' : 'error', message)
      return shown
    },
    updateName(name: string) {
      span.updateName(name)
      return shown
    },
    // Unlike ours, theirs says nothing of the span's own status.
    recordException: (error: unknown, at?: OtelTime) =>
      void span.addEvent('exception', exceptionOf(error), msOf(at)),
    end: (at?: OtelTime) => span.end(msOf(at)),
  }
  return shown
}

function contextOf({ traceId, spanId, traceFlags, traceState }: OtelSpanContext): TraceContext {
  return {
    traceId,
    spanId,
    sampled: (traceFlags & 1) !== 0,
    random: (traceFlags & 2) !== 0,
    traceState: traceState?.serialize(),
  }
}

/** The members of a `tracestate`, which others may read and copy. */
function stateOf(text: string): object {
  const members = new Map(
    text.split(',').map((member): [string, string] => {
      const at = member.indexOf('=')
      return [member.slice(0, at), member.slice(at + 1)]
    }),
  )
  const others = (key: string): [string, string][] =>
    Array.from(members).filter(([name]) => name !== key)
  const withMembers = (next: readonly (readonly [string, string])[]): object =>
    stateOf(next.map(([key, value]) => `${key}=${value}`).join(','))
  return {
    serialize: () => text,
    get: (key: string) => members.get(key),
    set: (key: string, value: string) => withMembers([[key, value], ...others(key)]),
    unset: (key: string) => withMembers(others(key)),
  }
}

function isTime(value: unknown): value is OtelTime {
  return typeof value === 'number' || Array.isArray(value) || value instanceof Date
}

/** Of `performance.now()`, which they may give as well, it is not known since when: as of none. */
const FIRST_MS = 1e11

function msOf(time: OtelTime | undefined): number | undefined {
  if (!isTime(time)) return undefined
  if (typeof time === 'number') return time >= FIRST_MS ? time : undefined
  return time instanceof Date ? time.getTime() : time[0] * 1000 + time[1] / 1e6
}

function startOf(time: OtelTime | undefined): { readonly startMs?: number } {
  const startMs = msOf(time)
  return startMs === undefined ? {} : { startMs }
}
