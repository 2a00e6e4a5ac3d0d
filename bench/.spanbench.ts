import * as neu from '/work/wt/logging/src/services/logging/index.ts'
import * as old from '/work/main/src/services/logging/index.ts'
import { JsonTraceSerializer } from '@opentelemetry/otlp-transformer'
import { BasicTracerProvider, BatchSpanProcessor } from '@opentelemetry/sdk-trace-base'
const BATCH = 100
let written = 0
const take = (t: string) => {
  written += t.length + t.charCodeAt(0)
}
const attributes = {
  'http.request.method': 'GET',
  'http.route': '/orders/:id',
  'http.response.status_code': 200,
  'server.address': 'api.example.com',
  'order.items': 3,
  'order.paid': true,
}
const ours = (lib: any, redact?: any) => {
  const target = lib.otlp({
    url: 'https://otlp.example',
    flushAfter: 0,
    fetch: async (_u: any, { body }: any) => {
      take(body)
      return new Response()
    },
  })
  const t = new lib.TracingService({ service: 'api', sinks: [target], ...(redact && { redact }) })
  return async () => {
    for (let s = 0; s < BATCH; s++)
      t.startSpan('GET /orders/:id', { attributes }).addEvent('cache.miss', { key: 7 }).end()
    await target.flush()
  }
}
const processor = new BatchSpanProcessor(
  {
    export(batch: any, done: any) {
      written += JsonTraceSerializer.serializeRequest(batch)?.length ?? 0
      done({ code: 0 })
    },
    shutdown: async () => undefined,
  } as any,
  { maxExportBatchSize: BATCH, maxQueueSize: 10 * BATCH, scheduledDelayMillis: 3_600_000 },
)
const tracer = new BasicTracerProvider({ spanProcessors: [processor] }).getTracer('bench')
const otel = async () => {
  for (let s = 0; s < BATCH; s++)
    tracer.startSpan('GET /orders/:id', { attributes }).addEvent('cache.miss', { key: 7 }).end()
  await processor.forceFlush()
}
const c: Record<string, () => Promise<void>> = {
  otel,
  new: ours(neu, 'show-everything'),
  old: ours(old, 'show-everything'),
  newRedact: ours(neu),
  oldRedact: ours(old),
}
const rates: Record<string, number[]> = {}
for (const f of Object.values(c)) for (let i = 0; i < 300; i++) await f()
for (let r = 0; r < 30; r++)
  for (const [n, f] of Object.entries(c)) {
    const c0 = process.threadCpuUsage()
    const k = 150
    for (let i = 0; i < k; i++) await f()
    const u = process.threadCpuUsage(c0)
    ;(rates[n] ??= []).push(k / ((u.user + u.system) / 1e6))
  }
const med = (a: number[]) => a.toSorted((x, y) => x - y)[a.length >> 1]!
for (const n of Object.keys(c))
  console.log(
    n.padEnd(10),
    med(rates[n]!).toFixed(0),
    'ratio to otel',
    med(rates[n]!.map((v, i) => v / rates['otel']![i]!)).toFixed(2),
    'best',
    (Math.max(...rates[n]!) / Math.max(...rates['otel']!)).toFixed(2),
  )
