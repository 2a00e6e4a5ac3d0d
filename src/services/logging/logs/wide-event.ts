import { readableCopy } from '../values/readable-copy.ts'
import { LOG_LEVELS, type LogLevel } from './log-level.ts'

/** One line that grows while a piece of work goes on. */
export interface WideEvent {
  /** Adds fields; the latest of a name stays. Nothing is added once it was emitted. */
  set(fields: object): void
  /** Adds an error; the line is then at least an `error`. */
  error(error: unknown): void
  /**
   * Writes the line, with `durationMs` since the event was made. Only the first call does.
   *
   * @param level Default `info`, or `error` after {@link error}
   */
  emit(level?: LogLevel): void
}

/** @param write Takes the finished line */
export function createWideEvent(
  message: string,
  fields: object,
  now: () => number,
  write: (level: number, given: readonly unknown[]) => void,
): WideEvent {
  const startedAt = now()
  const all: object[] = [readableCopy(fields)]
  let failed = false
  let emitted = false
  return {
    set(more) {
      if (!emitted) all.push(readableCopy(more))
    },
    error(error) {
      if (emitted) return
      failed = true
      all.push({ err: error })
    },
    emit(level) {
      if (emitted) return
      emitted = true
      const least = failed ? LOG_LEVELS.error : LOG_LEVELS.info
      const wanted = level === undefined ? least : Math.max(levelOf(level), failed ? least : 0)
      const durationMs = Math.max(0, now() - startedAt)
      write(wanted, [() => Object.assign({}, ...all, { durationMs }) as object, message])
    },
  }
}

/** A word that is no level must not lose the line. */
function levelOf(level: string): number {
  return Object.hasOwn(LOG_LEVELS, level) ? LOG_LEVELS[level as LogLevel] : LOG_LEVELS.info
}
