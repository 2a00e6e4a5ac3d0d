import type { Context } from '../context/context.ts'
import { flushAll, type FlushResult } from '../exporting/flush-result.ts'
import { LOG_LEVELS, type LogLevel } from './log-level.ts'
import { LogWriter } from './log-writer.ts'
import type { LoggerOptions } from './logger-options.ts'
import type { LogThreshold } from './module-levels.ts'
import { readLogArguments } from './read-arguments.ts'
import { createWideEvent, type WideEvent } from './wide-event.ts'

/**
 * Writes structured lines. Whatever it is given, no call throws, changes its arguments or shows
 * what the redactor hides.
 *
 * Each of `trace` to `fatal` takes `(fields, message)`, `(message, fields)`, `(error, message)`, or
 * functions that make them and are called only when the line is written. `{name}` in a message is
 * the field of that name as it is shown; `%s` and its like take further arguments.
 *
 * @example
 * ```ts
 * const logger = new LoggerService({ service: 'api', level: 'info', sinks: [consoleSink()] })
 * logger.info({ orderId, email }, 'order placed') // the e-mail is hidden
 * logger.error('Failed to send email', { error, context })
 * ```
 */
export class LoggerService {
  readonly #writer: LogWriter
  readonly #module: string | undefined
  readonly #parent: LoggerService | undefined
  readonly #own: object | undefined
  /** Whose lines these are where none is running. */
  readonly #context: Context | undefined
  /** The fields of every line, made plain when the first is written. */
  #bindings: Readonly<Record<string, unknown>> | undefined
  #least = 0
  #version = -1

  /**
   * @throws TypeError when an option is of another kind or name
   * @throws RangeError when a number is out of range
   */
  constructor(options: LoggerOptions = {}) {
    const { writer, parent, own, module, context } = heritage ?? { own: options.bindings }
    heritage = undefined
    this.#writer = writer ?? new LogWriter(options)
    this.#parent = parent
    this.#own = own
    this.#module = module
    this.#context = context
  }

  trace(...given: readonly unknown[]): void {
    if (this.#writes(10)) this.#write(10, given)
  }

  debug(...given: readonly unknown[]): void {
    if (this.#writes(20)) this.#write(20, given)
  }

  info(...given: readonly unknown[]): void {
    if (this.#writes(30)) this.#write(30, given)
  }

  warn(...given: readonly unknown[]): void {
    if (this.#writes(40)) this.#write(40, given)
  }

  error(...given: readonly unknown[]): void {
    if (this.#writes(50)) this.#write(50, given)
  }

  fatal(...given: readonly unknown[]): void {
    if (this.#writes(60)) this.#write(60, given)
  }

  /**
   * A logger whose lines have these fields as well. Cheap enough for each request: the fields are
   * read with the first line.
   *
   * @param module The part of the program, as `db.pool`; see `levels`. Default: this logger's
   */
  child(bindings: object, module?: string): LoggerService {
    const given: unknown = bindings
    heritage = {
      writer: this.#writer,
      parent: this,
      own: typeof given === 'object' && given !== null ? bindings : {},
      // Nothing a logger is given makes it throw.
      module: typeof module === 'string' ? module : this.#module,
      context: this.#context,
    }
    return new LoggerService()
  }

  /**
   * A logger whose lines belong to `context`, unless another is running: for a request on a
   * platform that remembers none.
   */
  inContext(context: Context): LoggerService {
    heritage = { writer: this.#writer, parent: this, own: {}, module: this.#module, context }
    return new LoggerService()
  }

  /** Gathers what one piece of work has to say into one line, which `emit` writes. */
  event(message: string, fields: object = {}): WideEvent {
    return createWideEvent(message, fields, this.#writer.now, (level, given) => {
      if (this.#writes(level)) this.#write(level, given)
    })
  }

  isLevelEnabled(level: LogLevel): boolean {
    return this.#writes(LOG_LEVELS[level])
  }

  /** Changes the least level while the program runs: of everything, or of one of its parts. */
  setLevel(level: LogThreshold, module?: string): void {
    this.#writer.levels.set(level, module)
  }

  /**
   * Sends what the sinks still hold. Never rejects, and can be called again and again: at the end
   * of each request, `ctx.waitUntil(logger.flush())`.
   */
  flush(): Promise<FlushResult> {
    return flushAll(this.#writer.sinks)
  }

  #writes(level: number): boolean {
    const { levels } = this.#writer
    if (this.#version !== levels.version) {
      this.#version = levels.version
      this.#least = levels.of(this.#module)
    }
    return level >= this.#least
  }

  #write(level: number, given: readonly unknown[]): void {
    try {
      const context = this.#writer.context() ?? this.#context
      if (!this.#writer.keeps(level, context?.traceId)) return
      this.#writer.write(level, readLogArguments(given), this.#allBindings(), this.#module, context)
    } catch {
      const failed = { message: '[Unreadable]', fields: undefined, error: undefined }
      this.#writer.write(level, failed, undefined, this.#module, undefined)
    }
  }

  #allBindings(): Readonly<Record<string, unknown>> | undefined {
    if (this.#own === undefined) return undefined
    if (this.#bindings === undefined) {
      const above = this.#parent === undefined ? undefined : this.#parent.#allBindings()
      this.#bindings = { ...above, ...this.#writer.plain(this.#own) }
    }
    return this.#bindings
  }
}

/** What a child takes over: its constructor is public, and knows no parent. */
let heritage:
  | {
      readonly writer?: LogWriter
      readonly parent?: LoggerService
      readonly own: object | undefined
      readonly module?: string | undefined
      readonly context?: Context | undefined
    }
  | undefined
