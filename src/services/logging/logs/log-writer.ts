import { checkOptions } from '../../../primitives/check-options.ts'
import { checkInteger } from '../../../primitives/check-range.ts'
import { systemClock, type Clock } from '../../../runtime/ports/platform/clock.ts'
import { systemConsole } from '../../../runtime/ports/platform/log-console.ts'
import { systemRandom } from '../../../runtime/ports/platform/random-source.ts'
import { currentContext, type Context } from '../context/context.ts'
import { createRedactor } from '../redaction/create-redactor.ts'
import type { Redactor } from '../redaction/redactor.ts'
import { plainValue } from '../values/plain-value.ts'
import type { PlainLimits } from '../values/value-rules.ts'
import { consoleSink } from './console-sink.ts'
import { levelName } from './log-level.ts'
import type { LogRecord, LogSink } from './log-record.ts'
import { createLogSampler } from './log-sampling.ts'
import type { LoggerOptions, LogSerializer } from './logger-options.ts'
import { ModuleLevels } from './module-levels.ts'
import type { LogArguments } from './read-arguments.ts'

const CREATE = 'create logger'
const NAMES = [
  'service',
  'level',
  'levels',
  'sinks',
  'bindings',
  'redact',
  'serializers',
  'sampling',
  'maxDepth',
  'maxValues',
  'maxTextLength',
  'onError',
  'context',
  'clock',
  'random',
] as const

/** Messages that are kept with what is shown of them: most are written in the program, and few. */
const MAX_MESSAGES = 500
const LONGEST_KEPT = 200
const QUIET_MS = 60_000

/** What a logger and all its children share. */
export class LogWriter {
  readonly levels: ModuleLevels
  readonly sinks: readonly LogSink[]
  readonly context: () => Context | undefined
  readonly keeps: (level: number, traceId: string | undefined) => boolean
  readonly #service: string | undefined
  readonly #redactor: Redactor | undefined
  readonly #limits: PlainLimits
  readonly #serializers: Readonly<Record<string, LogSerializer>> | undefined
  readonly #onError: (error: unknown) => void
  readonly #clock: Clock
  readonly #messages = new Map<string, string>()
  readonly #failed = new Map<LogSink, number>()
  /** ms since 1970. */
  readonly now = (): number => this.#clock.now()
  #sequence = 0

  /**
   * @throws TypeError when an option is of another kind or name
   * @throws RangeError when a number is out of range
   */
  constructor(options: LoggerOptions) {
    checkOptions(CREATE, options, [], NAMES)
    checkKinds(options)
    const { level = 'info', levels = {}, sinks = [consoleSink()], redact = {} } = options
    const { maxDepth = 8, maxValues = 1000, maxTextLength = 8192 } = options
    this.#limits = {
      maxDepth: checkInteger(CREATE, 'maxDepth', maxDepth, 1, 100),
      maxValues: checkInteger(CREATE, 'maxValues', maxValues, 1, 100_000),
      maxTextLength: checkInteger(CREATE, 'maxTextLength', maxTextLength, 1, 2 ** 20),
    }
    this.levels = new ModuleLevels(CREATE, level, levels)
    this.sinks = checkSinks(sinks)
    this.context = options.context ?? currentContext
    this.keeps = createLogSampler(options.sampling ?? {}, options.random ?? systemRandom)
    this.#service = options.service
    this.#serializers = options.serializers
    this.#clock = options.clock ?? systemClock
    this.#onError = options.onError ?? complain
    if (redact !== 'show-everything')
      this.#redactor = 'explain' in redact ? redact : createRedactor({ ...this.#limits, ...redact })
  }

  /** @returns Fields as plain data, without what must not be shown */
  plain(fields: object): Readonly<Record<string, unknown>> {
    const given = this.#serializers === undefined ? fields : this.#serialized(fields)
    const plain = this.#redactor?.object(given) ?? plainValue(given, this.#limits)
    // Of an object both make an object, or a text that says why not.
    return typeof plain === 'object' && plain !== null && !Array.isArray(plain)
      ? (plain as Record<string, unknown>)
      : { value: plain }
  }

  /** Writes one line to every sink. Never throws. */
  write(
    level: number,
    { message, fields: given }: LogArguments,
    bindings: Readonly<Record<string, unknown>> | undefined,
    module: string | undefined,
    context: Context | undefined,
  ): void {
    const own = given === undefined ? undefined : this.plain(given)
    const fields =
      bindings === undefined && context === undefined
        ? (own ?? {})
        : withIds(context, bindings, own)
    const record: LogRecord = {
      level,
      levelName: levelName(level),
      time: this.#clock.now(),
      sequence: ++this.#sequence,
      message: message === undefined ? '' : this.#shown(message, fields),
      fields,
      service: this.#service,
      module,
    }
    for (const sink of this.sinks) {
      try {
        sink.write(record)
      } catch (thrown) {
        this.#complainOf(sink, thrown)
      }
    }
  }

  /** The message with `{name}` as the field of that name is shown. */
  #shown(message: string, fields: Readonly<Record<string, unknown>>): string {
    const text = message.includes('{') ? filled(message, fields) : message
    const known = this.#messages.get(text)
    if (known !== undefined) return known
    const shown = String(
      this.#redactor?.text(text) ?? plainValue(text, this.#limits),
    ).toWellFormed()
    if (text.length <= LONGEST_KEPT) {
      if (this.#messages.size >= MAX_MESSAGES) this.#messages.clear()
      this.#messages.set(text, shown)
    }
    return shown
  }

  #serialized(fields: object): object {
    const serialized: Record<string, unknown> = { ...fields }
    for (const [name, serialize] of Object.entries(this.#serializers ?? {})) {
      if (!Object.hasOwn(serialized, name)) continue
      try {
        serialized[name] = serialize(serialized[name])
      } catch {
        serialized[name] = '[Serializer failed]'
      }
    }
    return serialized
  }

  #complainOf(sink: LogSink, error: unknown): void {
    const now = this.#clock.now()
    if (now - (this.#failed.get(sink) ?? -Infinity) < QUIET_MS) return
    this.#failed.set(sink, now)
    try {
      this.#onError(error)
    } catch {
      // There is nobody left to tell.
    }
  }
}

function checkSinks(sinks: readonly LogSink[]): readonly LogSink[] {
  if (
    isList(sinks) &&
    sinks.every((sink: LogSink | undefined) => typeof sink?.write === 'function')
  )
    return [...sinks]
  throw new TypeError(`Cannot ${CREATE}: sinks is no list of sinks, as [consoleSink()] expected`)
}

/** `Array.isArray` makes a list of anything of what was read-only. */
function isList(value: unknown): boolean {
  return Array.isArray(value)
}

function complain(error: unknown): void {
  systemConsole.error(`A log sink failed: ${error instanceof Error ? error.name : typeof error}`)
}

const IDS = ['requestId', 'traceId', 'spanId'] as const

/** The ids of the context, the logger's fields, the line's: whose data do not pass for the ids. */
function withIds(
  context: Context | undefined,
  bindings: Readonly<Record<string, unknown>> | undefined,
  own: Readonly<Record<string, unknown>> | undefined,
): Readonly<Record<string, unknown>> {
  if (context === undefined) return { ...bindings, ...own }
  const known: Record<string, unknown> = {}
  for (const name of IDS) if (context[name] !== undefined) known[name] = context[name]
  Object.assign(known, bindings)
  if (own === undefined) return known
  const fields = { ...known, ...own }
  for (const name of IDS)
    if (context[name] !== undefined && fields[name] !== known[name]) {
      fields[`_${name}`] = fields[name]
      fields[name] = known[name]
    }
  return fields
}

/** @throws TypeError when an option is of another kind */
function checkKinds(options: LoggerOptions): void {
  const { service, bindings, redact, onError, context, serializers = {} } = options
  const wrong = (name: string, expected: string): TypeError =>
    new TypeError(`Cannot ${CREATE}: ${name} is of another kind, ${expected} expected`)
  if (service !== undefined && typeof service !== 'string') throw wrong('service', 'a text')
  for (const [name, value] of Object.entries({
    bindings,
    serializers,
    levels: options.levels,
    sampling: options.sampling,
  }))
    if (value !== undefined && !isObject(value)) throw wrong(name, 'an object')
  if (redact !== undefined && redact !== 'show-everything' && !isObject(redact))
    throw wrong('redact', 'options as { keys: ["note"] }, a redactor or "show-everything"')
  for (const [name, value] of Object.entries({ onError, context }))
    if (value !== undefined && typeof value !== 'function') throw wrong(name, 'a function')
  for (const [name, value] of Object.entries(serializers))
    if (typeof value !== 'function') throw wrong(`serializers.${name}`, 'a function')
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function filled(message: string, fields: Readonly<Record<string, unknown>>): string {
  return message.replace(/\{(\w{1,64})\}/g, (all, name: string) => {
    if (!Object.hasOwn(fields, name)) return all
    const value = fields[name]
    return typeof value === 'string' ? value : (JSON.stringify(value) ?? all)
  })
}
