import { checkInteger } from '../../../primitives/check-range.ts'
import type { LogRecord, LogSink } from './log-record.ts'

/** Keeps records, for tests. */
export interface MemorySink extends LogSink {
  /** What was written, oldest first. */
  readonly records: readonly LogRecord[]
  /** Forgets all. */
  clear(): void
}

/**
 * @param maxRecords How many are kept, the latest; 1 to 1,000,000. Default 10,000
 *
 * @example
 * const sink = memorySink()
 * new LoggerService({ sinks: [sink] }).info('started')
 * sink.records[0]?.message // 'started'
 */
export function memorySink(maxRecords = 10_000): MemorySink {
  const most = checkInteger('create memory sink', 'maxRecords', maxRecords, 1, 1_000_000)
  const records: LogRecord[] = []
  return {
    records,
    write(record) {
      if (records.length >= most) records.shift()
      records.push(record)
    },
    clear() {
      records.length = 0
    },
  }
}
