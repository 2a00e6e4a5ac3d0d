import type { FetchClient } from '../../../../src/runtime/ports/platform/fetch-client.ts'
import {
  createObserver,
  LoggerService,
  memorySink,
  MetricsService,
  TracingService,
  type ErrorDetails,
  type LogRecord,
  type Observer,
  type ObserverOptions,
  type SpanRecord,
} from '../../../../src/services/logging/index.ts'
import { createFakeClock, type FakeClock } from '../../../../src/testing/index.ts'

export const TRACE = '0af7651916cd43dd8448eb211c80319c'
export const PARENT = 'b7ad6b7169203331'

export interface Fixture {
  readonly observer: Observer
  readonly records: readonly LogRecord[]
  readonly spans: readonly SpanRecord[]
  readonly reported: readonly { readonly error: unknown; readonly details: ErrorDetails }[]
  readonly metrics: MetricsService
  readonly clock: FakeClock
  /** Requests that the work made. */
  readonly sent: readonly { readonly url: string; readonly headers: Headers }[]
  /** What was handed to `waitUntil`. */
  readonly waited: readonly Promise<unknown>[]
  readonly ctx: { waitUntil(promise: Promise<unknown>): void }
}

export function fixture(more: ObserverOptions = {}): Fixture {
  const clock = createFakeClock(1_700_000_000_000)
  const sink = memorySink()
  const spans: SpanRecord[] = []
  const reported: { error: unknown; details: ErrorDetails }[] = []
  const sent: { url: string; headers: Headers }[] = []
  const waited: Promise<unknown>[] = []
  const fetch: FetchClient = async (url, init) => {
    sent.push({ url, headers: new Headers(init.headers) })
    return new Response()
  }
  const tracing = new TracingService({
    clock,
    fetch,
    propagateTo: ['https://api.example.com'],
    sinks: [{ writeSpan: (span) => void spans.push(span) }],
  })
  const metrics = new MetricsService({ clock })
  const observer = createObserver({
    logger: new LoggerService({ sinks: [sink], clock }),
    tracing,
    metrics,
    errors: { captureError: (error, details) => reported.push({ error, details }) },
    clock,
    ...more,
  })
  const ctx = { waitUntil: (promise: Promise<unknown>) => void waited.push(promise) }
  const { records } = sink
  return { observer, records, spans, reported, metrics, clock, sent, waited, ctx }
}

export function requestOf(path = '/', headers: Readonly<Record<string, string>> = {}): Request {
  return new Request(`https://gateway.example.com${path}`, { headers })
}
