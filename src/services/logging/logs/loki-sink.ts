import { checkBatchOptions, createBatchQueue, type BatchOptions } from '../exporting/batch-queue.ts'
import { checkHeaders, checkUrl } from './http-sink.ts'
import { jsonOf } from './json-line.ts'
import type { LogFormat, LogSink } from './log-record.ts'
import { pinoFormat } from './pino-format.ts'

/** Options of {@link lokiSink}. */
export interface LokiSinkOptions extends BatchOptions {
  /** Of Loki, as `https://logs.example.com`. */
  readonly url: string
  /**
   * What the stream is found by: few values, never an id. Default `{ service }`, the service of the
   * first record.
   */
  readonly labels?: Readonly<Record<string, string>>
  /** Sent with each request: `authorization`, `x-scope-orgid`. */
  readonly headers?: Readonly<Record<string, string>>
  /** How a line is written. Default `pinoFormat`. */
  readonly format?: LogFormat
}

/**
 * Sends records to Grafana Loki, the level as structured metadata.
 *
 * @throws TypeError when an option is of another kind or name
 * @throws RangeError when a number is out of range
 *
 * @example
 * const logger = new LoggerService({ sinks: [lokiSink({ url: 'http://127.0.0.1:3100' })] })
 */
export function lokiSink(options: LokiSinkOptions): LogSink {
  const action = 'create Loki sink'
  checkBatchOptions(action, options, ['url'], ['labels', 'headers', 'format'])
  const { labels, format = pinoFormat } = options
  let service = 'app'
  const target = {
    url: `${checkUrl(action, options.url).replace(/\/+$/, '')}/loki/api/v1/push`,
    headers: checkHeaders(action, 'application/json', options.headers),
    join: (values: readonly string[]) =>
      `{"streams":[{"stream":${JSON.stringify(labels ?? { service })},"values":[${values.join(',')}]}]}`,
  }
  const queue = createBatchQueue(
    'send logs',
    target,
    (record: Parameters<LogFormat>[0]) =>
      `["${Math.floor(record.time)}${String(record.sequence % 1e6).padStart(6, '0')}",${jsonOf(format(record))},{"level":"${record.levelName}"${moduleOf(record)}}]`,
    options,
  )
  let isFirst = true
  return {
    write(record) {
      if (isFirst) service = record.service ?? service
      isFirst = false
      queue.add(record)
    },
    flush: () => queue.flush(),
  }
}

function moduleOf({ module }: Parameters<LogFormat>[0]): string {
  return module === undefined ? '' : `,"module":${jsonOf(module)}`
}
