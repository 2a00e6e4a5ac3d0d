import type { Clock } from '../../../runtime/ports/platform/clock.ts'
import type { RandomSource } from '../../../runtime/ports/platform/random-source.ts'
import type { Context } from '../context/context.ts'
import type { Redactor } from '../redaction/redactor.ts'
import type { RedactorOptions } from '../redaction/redactor-options.ts'
import type { LogSink } from './log-record.ts'
import type { LogSampling } from './log-sampling.ts'
import type { LogThreshold } from './module-levels.ts'

/** Makes of a value what is logged of it. What it throws is named in the line. */
export type LogSerializer = (value: unknown) => unknown

/** Options of `LoggerService`. */
export interface LoggerOptions {
  /** Names the program in each line. Default: none. */
  readonly service?: string
  /** The least level that is written. Default `info`. */
  readonly level?: LogThreshold
  /** The same for parts of the program: `{ db: 'debug' }` holds for `db.pool` too. */
  readonly levels?: Readonly<Record<string, LogThreshold>>
  /** Where lines go. Default: `consoleSink()`. */
  readonly sinks?: readonly LogSink[]
  /** Fields of every line. */
  readonly bindings?: object
  /**
   * What must not be shown: options of `createRedactor`, or a redactor. Default: its defaults. Only
   * `'show-everything'` switches it off.
   */
  readonly redact?: RedactorOptions | Redactor | 'show-everything'
  /** By a field's name, at the top of a line. */
  readonly serializers?: Readonly<Record<string, LogSerializer>>
  /** The share of lines that is kept. Default: all. */
  readonly sampling?: LogSampling
  /** Objects within objects that are followed, 1 to 100. Default 8. */
  readonly maxDepth?: number
  /** Values of one line, 1 to 100,000. Default 1,000. */
  readonly maxValues?: number
  /** UTF-16 units of one text, 1 to 1,048,576. Default 8,192. */
  readonly maxTextLength?: number
  /**
   * Hears what a sink threw, once for each sink in a minute. Default: a line on the platform's
   * console.
   */
  readonly onError?: (error: unknown) => void
  /** Finds the context of a line. Default: `currentContext`. */
  readonly context?: () => Context | undefined
  /** Default: the platform's. */
  readonly clock?: Clock
  readonly random?: RandomSource
}
