import { checkOptions } from '../../../primitives/check-options.ts'
import {
  isWorkers,
  systemConsole,
  type LogConsole,
} from '../../../runtime/ports/platform/log-console.ts'
import type { LogFormat, LogSink } from './log-record.ts'
import { pinoFormat } from './pino-format.ts'

/** Options of {@link consoleSink}. */
export interface ConsoleSinkOptions {
  /** How a record becomes a line. Default `pinoFormat`. */
  readonly format?: LogFormat
  /**
   * Whether warnings and errors go to `console.warn` and `console.error`. Default: on Workers,
   * which read the level from it; elsewhere all lines go to one stream, as whoever reads them
   * expects.
   */
  readonly byLevel?: boolean
  /** Default: the platform's. */
  readonly console?: LogConsole
}

/**
 * Writes each record to the console as it comes.
 *
 * @example
 * const logger = new LoggerService({ sinks: [consoleSink({ format: createPrettyFormat() })] })
 */
export function consoleSink(options: ConsoleSinkOptions = {}): LogSink {
  checkOptions('create console sink', options, [], ['format', 'byLevel', 'console'])
  const { format = pinoFormat, console = systemConsole } = options
  if (typeof format !== 'function')
    throw new TypeError('Cannot create console sink: format is no function, as pinoFormat expected')
  let { byLevel } = options
  return {
    write(record) {
      const line = format(record)
      byLevel ??= isWorkers()
      if (!byLevel || record.level < 40) console.log(line)
      else if (record.level < 50) console.warn(line)
      else console.error(line)
    },
  }
}
