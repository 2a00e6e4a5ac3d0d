import { checkBatchOptions, createBatchQueue, type BatchOptions } from '../exporting/batch-queue.ts'
import { checkHeaders, jsonList } from './http-sink.ts'
import { jsonFields, jsonOf } from './json-line.ts'
import type { LogRecord, LogSink } from './log-record.ts'

/** Options of {@link axiomSink}. */
export interface AxiomSinkOptions extends BatchOptions {
  readonly dataset: string
  readonly token: string
}

const RESERVED: ReadonlySet<string> = new Set(['_time', 'level', 'message', 'service', 'module'])

/**
 * Sends records to a dataset of Axiom.
 *
 * @throws TypeError when an option is of another kind or name
 * @throws RangeError when a number is out of range
 *
 * @example
 * const logger = new LoggerService({ sinks: [axiomSink({ dataset: 'shop', token })] })
 */
export function axiomSink(options: AxiomSinkOptions): LogSink {
  const action = 'create Axiom sink'
  checkBatchOptions(action, options, ['dataset', 'token'], [])
  const { dataset, token } = options
  const target = {
    url: `https://api.axiom.co/v1/datasets/${encodeURIComponent(dataset)}/ingest`,
    headers: checkHeaders(action, 'application/json', { authorization: `Bearer ${token}` }),
    join: jsonList,
    rejected: refusedOf,
  }
  const encode = ({ levelName, time, service, module, message, fields }: LogRecord): string =>
    `{"_time":"${new Date(time).toISOString()}","level":"${levelName}","message":${jsonOf(message)}${service === undefined ? '' : `,"service":${jsonOf(service)}`}${module === undefined ? '' : `,"module":${jsonOf(module)}`}${jsonFields(fields, RESERVED)}}`
  const queue = createBatchQueue('send logs', target, encode, options)
  return { write: (record) => queue.add(record), flush: () => queue.flush() }
}

/** Axiom says with its 200 how many events it did not take. */
function refusedOf(answer: string): number {
  const failed = /"failed":\s*(\d{1,9})/.exec(answer)?.[1]
  return Number(failed ?? 0)
}
