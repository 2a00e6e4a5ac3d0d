import { checkBatchOptions, createBatchQueue, type BatchOptions } from '../exporting/batch-queue.ts'
import type { LogFormat, LogSink } from './log-record.ts'
import { pinoFormat } from './pino-format.ts'

/** Options of {@link httpSink}. */
export interface HttpSinkOptions extends BatchOptions {
  readonly url: string
  /** Sent with each request, as a key. */
  readonly headers?: Readonly<Record<string, string>>
  /** How a record is written. Default `pinoFormat`. */
  readonly format?: LogFormat
  /** Makes a body of what records were written as. Default: a JSON list. */
  readonly join?: (lines: readonly string[]) => string
  /** Default `application/json`. */
  readonly contentType?: string
}

/**
 * Sends records in batches to any receiver over HTTP. `lokiSink`, `datadogSink`, `axiomSink` and
 * `otlp` know theirs.
 *
 * @throws TypeError when an option is of another kind or name
 * @throws RangeError when a number is out of range
 *
 * @example
 * const logger = new LoggerService({ sinks: [httpSink({ url: 'https://logs.example.com/in' })] })
 */
export function httpSink(options: HttpSinkOptions): LogSink {
  const action = 'create HTTP sink'
  checkBatchOptions(action, options, ['url'], ['headers', 'format', 'join', 'contentType'])
  const { format = pinoFormat, join = jsonList, contentType = 'application/json' } = options
  const target = {
    url: checkUrl(action, options.url),
    headers: { 'content-type': contentType, ...options.headers },
    join,
  }
  const queue = createBatchQueue('send logs', target, format, options)
  return { write: (record) => queue.add(record), flush: () => queue.flush() }
}

/** Records as one JSON list. */
export function jsonList(lines: readonly string[]): string {
  return `[${lines.join(',')}]`
}

/** @throws TypeError when `url` is none of http or https */
export function checkUrl(action: string, url: string): string {
  if (URL.canParse(url) && /^https?:$/.test(new URL(url).protocol)) return url
  throw new TypeError(`Cannot ${action}: url is no URL of http or https, one expected`)
}
