import { jsonOf } from '../logs/json-line.ts'
import type { LogRecord } from '../logs/log-record.ts'
import type { SpanKind, SpanRecord } from '../traces/span.ts'
import type { TraceContext } from '../traces/trace-parent.ts'
import { nanos, otlpAttributes } from './otlp-values.ts'

/** Of `trace` to `fatal`, the first number of each range. */
const SEVERITIES: Readonly<Record<number, number>> = { 10: 1, 20: 5, 30: 9, 40: 13, 50: 17, 60: 21 }

/** @returns A `LogRecord` of OTLP/JSON */
export function otlpLogRecord(record: LogRecord): string {
  const { level, levelName, time, message, module, fields } = record
  const { traceId, spanId, ...own } = fields
  const attributes = module === undefined ? own : { 'log.logger': module, ...own }
  const ids =
    isId(traceId, 32) && isId(spanId, 16) ? `,"traceId":"${traceId}","spanId":"${spanId}"` : ''
  return `{"timeUnixNano":${nanos(time)},"observedTimeUnixNano":${nanos(time)},"severityNumber":${SEVERITIES[level] ?? 0},"severityText":"${levelName.toUpperCase()}","body":{"stringValue":${jsonOf(message)}},"attributes":${otlpAttributes(attributes)}${ids}}`
}

const KINDS: Readonly<Record<SpanKind, number>> = {
  internal: 1,
  server: 2,
  client: 3,
  producer: 4,
  consumer: 5,
}
const STATUSES: Readonly<Record<SpanRecord['status'], number>> = { unset: 0, ok: 1, error: 2 }

/** @returns A `Span` of OTLP/JSON */
export function otlpSpan(span: SpanRecord): string {
  const { traceState, parentSpanId, statusMessage, events, links } = span
  let json = `{"traceId":"${span.traceId}","spanId":"${span.spanId}"`
  if (parentSpanId !== undefined) json += `,"parentSpanId":"${parentSpanId}"`
  if (traceState !== undefined) json += `,"traceState":${jsonOf(traceState)}`
  json += `,"name":${jsonOf(span.name)},"kind":${KINDS[span.kind]},"startTimeUnixNano":${nanos(span.startMs)},"endTimeUnixNano":${nanos(span.endMs)}`
  const attributes = otlpAttributes(span.attributes)
  if (attributes !== '[]') json += `,"attributes":${attributes}`
  if (span.droppedAttributes > 0) json += `,"droppedAttributesCount":${span.droppedAttributes}`
  if (events.length > 0)
    json += `,"events":[${events.map(({ name, timeMs, attributes }) => `{"timeUnixNano":${nanos(timeMs)},"name":${jsonOf(name)},"attributes":${otlpAttributes(attributes)}}`).join(',')}]`
  if (span.droppedEvents > 0) json += `,"droppedEventsCount":${span.droppedEvents}`
  if (links.length > 0) json += `,"links":[${links.map(linkOf).join(',')}]`
  const message = statusMessage === undefined ? '' : `,"message":${jsonOf(statusMessage)}`
  return `${json},"status":{"code":${STATUSES[span.status]}${message}}}`
}

function linkOf({ traceId, spanId, traceState }: TraceContext): string {
  const state = traceState === undefined ? '' : `,"traceState":${jsonOf(traceState)}`
  return `{"traceId":"${traceId}","spanId":"${spanId}"${state}}`
}

function isId(value: unknown, length: number): value is string {
  return typeof value === 'string' && value.length === length && /^[\da-f]+$/.test(value)
}
