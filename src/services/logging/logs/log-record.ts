import type { FlushResult } from '../exporting/flush-result.ts'
import type { LogLevel } from './log-level.ts'

/** One line before it is written: plain data, without what the redactor hides. */
export interface LogRecord {
  /** 10 to 60. */
  readonly level: number
  readonly levelName: LogLevel
  /** ms since 1970. */
  readonly time: number
  /** Counts the lines of this logger and its children, for those of the same millisecond. */
  readonly sequence: number
  readonly message: string
  /**
   * What the line, the logger and the context say besides; `requestId`, `traceId` and `spanId` are
   * among them.
   */
  readonly fields: Readonly<Record<string, unknown>>
  readonly service?: string | undefined
  /** The part of the program, as `db.pool`. */
  readonly module?: string | undefined
}

/** Takes records. What it throws is counted and goes no further. */
export interface LogSink {
  write(record: LogRecord): void
  /** Sends what still waits. */
  flush?(): Promise<FlushResult>
}

/** Writes a record as one line, or several where people read it. */
export type LogFormat = (record: LogRecord) => string
