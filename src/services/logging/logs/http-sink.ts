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
    headers: checkHeaders(action, contentType, options.headers),
    join,
  }
  for (const [name, given] of Object.entries({ format, join }))
    if (typeof given !== 'function')
      throw new TypeError(`Cannot ${action}: ${name} is no function, one expected`)
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

/**
 * @returns The headers, with the content's type before them
 * @throws TypeError when one cannot be sent, as a key that is undefined: each request would fail
 */
export function checkHeaders(
  action: string,
  contentType: string,
  headers: Readonly<Record<string, string>> = {},
): Readonly<Record<string, string>> {
  const given: unknown = headers
  const isObject = typeof given === 'object' && given !== null
  const all = Object.entries({ 'content-type': contentType, ...headers })
  const wrong = all.find(([name, value]) => !/^[\w!#$%&'*+.^`|~-]+$/.test(name) || !isValue(value))
  if (isObject && wrong === undefined) return Object.fromEntries(all)
  throw new TypeError(
    `Cannot ${action}: headers has ${JSON.stringify(wrong?.[0].slice(0, 50) ?? 'no names')}, which cannot be sent, a name with a text expected`,
  )
}

function isValue(value: unknown): boolean {
  return typeof value === 'string' && !/[^\t -~\x80-\xff]/.test(value)
}
