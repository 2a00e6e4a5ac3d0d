import { checkBatchOptions, createBatchQueue, type BatchOptions } from '../exporting/batch-queue.ts'
import { flushAll, type FlushResult } from '../exporting/flush-result.ts'
import type { BatchTarget } from '../exporting/post-batch.ts'
import { checkHeaders, checkUrl } from '../logs/http-sink.ts'
import type { LogSink } from '../logs/log-record.ts'
import type { SpanSink } from '../traces/span.ts'
import { otlpLogRecord, otlpSpan } from './otlp-records.ts'
import { resourceOf } from './otlp-values.ts'

/** Options of {@link otlp}. */
export interface OtlpOptions extends BatchOptions {
  /** Of a collector, as `https://otlp.example.com:4318`: `/v1/logs` and `/v1/traces` are added. */
  readonly url: string
  /** Sent with each request, as a key. */
  readonly headers?: Readonly<Record<string, string>>
  /** What sends all this, beside its name: `{ 'deployment.environment': 'production' }`. */
  readonly resource?: Readonly<Record<string, string | number | boolean>>
}

/** Takes logs and spans. */
export interface OtlpSink extends LogSink, SpanSink {
  flush(): Promise<FlushResult>
}

/**
 * Sends logs and spans to an OpenTelemetry collector, as OTLP/JSON over HTTP.
 *
 * @throws TypeError when an option is of another kind or name
 * @throws RangeError when a number is out of range
 * @example
 * ```ts
 * const sink = otlp({ url: env.OTLP_URL, headers: { authorization: env.OTLP_KEY } })
 * const logger = new LoggerService({ service: 'api', sinks: [sink] })
 * const tracing = new TracingService({ service: 'api', sinks: [sink] })
 * ```
 */
export function otlp(options: OtlpOptions): OtlpSink {
  const action = 'create OTLP sink'
  checkBatchOptions(action, options, ['url'], ['headers', 'resource'])
  const base = checkUrl(action, options.url).replace(/\/+$|\/+v1\/(?:logs|traces|metrics)\/*$/, '')
  const headers = checkHeaders(action, 'application/json', options.headers)
  let service: string | undefined
  const targetOf = (path: string, open: string, close: string): BatchTarget => ({
    url: `${base}/v1/${path}`,
    headers,
    join(parts) {
      const resource = resourceOf(service, options.resource)
      return `{"resource${open}":[{"resource":${resource},"scope${open}":[{"scope":{"name":"@white-cross/reuse"},"${close}":[${parts.join(',')}]}]}]}`
    },
    rejected: rejectedOf,
  })
  const logs = createBatchQueue(
    'send logs',
    targetOf('logs', 'Logs', 'logRecords'),
    otlpLogRecord,
    options,
  )
  const spans = createBatchQueue(
    'send spans',
    targetOf('traces', 'Spans', 'spans'),
    otlpSpan,
    options,
  )
  return {
    write(record) {
      service ??= record.service
      logs.add(record)
    },
    writeSpan(span) {
      service ??= span.service
      spans.add(span)
    },
    flush: () => flushAll([logs, spans]),
  }
}

/** A collector says with its 200 how many records it did not take. */
export function rejectedOf(answer: string): number {
  const count = /"rejected(?:LogRecords|Spans|DataPoints)":\s*"?(\d{1,9})/.exec(answer)?.[1]
  return Number(count ?? 0)
}
