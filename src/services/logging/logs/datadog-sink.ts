import { checkBatchOptions, createBatchQueue, type BatchOptions } from '../exporting/batch-queue.ts'
import { checkHeaders, jsonList } from './http-sink.ts'
import { jsonFields, jsonOf } from './json-line.ts'
import type { LogRecord, LogSink } from './log-record.ts'

/** Options of {@link datadogSink}. */
export interface DatadogSinkOptions extends BatchOptions {
  readonly apiKey: string
  /** As `datadoghq.eu`. Default `datadoghq.com`. */
  readonly site?: string
  /** As `env:prod,team:api`. Default: none. */
  readonly tags?: string
}

const RESERVED: ReadonlySet<string> = new Set([
  'message',
  'status',
  'service',
  'timestamp',
  'ddsource',
  'ddtags',
  'logger',
])

/**
 * Sends records to Datadog's log intake (version 2).
 *
 * @throws TypeError when an option is of another kind or name
 * @throws RangeError when a number is out of range
 *
 * @example
 * const logger = new LoggerService({ sinks: [datadogSink({ apiKey, site: 'datadoghq.eu' })] })
 */
export function datadogSink(options: DatadogSinkOptions): LogSink {
  const action = 'create Datadog sink'
  checkBatchOptions(action, options, ['apiKey'], ['site', 'tags'])
  const { apiKey, site = 'datadoghq.com', tags } = options
  if (!/^[\w.-]+$/.test(site))
    throw new TypeError(`Cannot ${action}: site is no host name, as "datadoghq.eu" expected`)
  const target = {
    url: `https://http-intake.logs.${site}/api/v2/logs`,
    headers: checkHeaders(action, 'application/json', { 'dd-api-key': apiKey }),
    join: jsonList,
  }
  const own = tags === undefined ? '' : `,"ddtags":${jsonOf(tags)}`
  const encode = ({
    levelName,
    time,
    service = 'app',
    module,
    message,
    fields,
  }: LogRecord): string =>
    `{"message":${jsonOf(message)},"status":"${levelName}","timestamp":${time},"service":${jsonOf(service)},"ddsource":"white-cross"${own}${module === undefined ? '' : `,"logger":{"name":${jsonOf(module)}}`}${jsonFields(fields, RESERVED)}}`
  const queue = createBatchQueue('send logs', target, encode, options)
  return { write: (record) => queue.add(record), flush: () => queue.flush() }
}
