import { checkOptions } from '../../../primitives/check-options.ts'
import { checkDuration, checkNumber } from '../../../primitives/check-range.ts'
import type { Duration } from '../../../primitives/duration.ts'
import { levelNumber, type LogLevel } from '../logs/log-level.ts'

/** Lines that a rule counts: those for which all that is given holds. */
export interface LogCondition {
  /** The least level. Default `error`. */
  readonly level?: LogLevel
  /** A part of the program, with what is below it. Default: any. */
  readonly module?: string
  /** The whole message, as it is written. Default: any. */
  readonly message?: string
  /** Fields at the top of a line, with their values. Default: any. */
  readonly fields?: Readonly<Record<string, string | number | boolean>>
}

/** Numbers that a rule looks at. */
export interface MetricCondition {
  /** As it was made: `emails_failed_total`, with or without `_total`. */
  readonly name: string
  /** Series that have these. Default: all. */
  readonly labels?: Readonly<Record<string, string | number | boolean>>
  /**
   * Of a histogram, only what was over this: one of its bounds, else the next one above it.
   * Default: everything.
   */
  readonly over?: number
}

/**
 * When to raise an alert. Lines, counters and histograms: when so many came within the window.
 * Gauges: when they were so high all through the window.
 */
export interface AlertRule {
  /** 1 to 100 letters, digits, `_`, `-`, `.` and spaces. */
  readonly name: string
  /** Either this or `metric`. */
  readonly log?: LogCondition
  readonly metric?: MetricCondition
  /** The threshold, which raises when it is reached. */
  readonly atLeast: number
  /** 1 s to 7 days; counted in tenths of it. */
  readonly window: Duration
  /** For how long it then says nothing more, 0 to 30 days. Default: the window. */
  readonly cooldown?: Duration
}

/** A rule that was raised. */
export interface Alert {
  readonly rule: string
  /** How many, or how high. */
  readonly value: number
  readonly threshold: number
  readonly windowMs: number
  /** ms since 1970. */
  readonly at: number
  /** Of a rule over lines: the latest of them, as it was written. */
  readonly example?: string
}

/** A rule as it is worked with. */
export interface KnownRule {
  readonly name: string
  readonly log: (LogCondition & { readonly least: number }) | undefined
  readonly metric: MetricCondition | undefined
  readonly atLeast: number
  readonly windowMs: number
  readonly cooldownMs: number
}

const CREATE = 'create alerts'
const DAY = 86_400_000

/**
 * @throws TypeError when a property is of another kind or name
 * @throws RangeError when a number is out of range
 */
export function checkRules(rules: readonly AlertRule[]): readonly KnownRule[] {
  if (!Array.isArray(rules) || rules.length === 0)
    throw new TypeError(`Cannot ${CREATE}: rules is no list of rules, one or more expected`)
  const known = rules.map(checkRule)
  const twice = known.find(({ name }, at) => known.findIndex((one) => one.name === name) < at)
  if (twice === undefined) return known
  throw new TypeError(`Cannot ${CREATE}: there are two rules ${twice.name}, other names expected`)
}

function checkRule(rule: AlertRule): KnownRule {
  checkOptions(CREATE, rule, ['name', 'atLeast', 'window'], ['log', 'metric', 'cooldown'])
  const { name, log, metric, window, cooldown = window } = rule
  if (typeof name !== 'string' || !/^[\w.-][\w. -]{0,99}$/.test(name))
    throw new TypeError(`Cannot ${CREATE}: the name of a rule is no word, one expected`)
  const action = `${CREATE}: ${name}`
  if ((log === undefined) === (metric === undefined))
    throw new TypeError(`Cannot ${action}: it has neither log nor metric, or both, one expected`)
  if (log !== undefined) checkLog(action, log)
  if (metric !== undefined) checkMetric(action, metric)
  const windowMs = checkDuration(action, 'window', window, 1000, 7 * DAY)
  return {
    name,
    log: log && { ...log, least: levelNumber(action, log.level ?? 'error') },
    metric: metric && { ...metric, name: metric.name.replace(/_total$/, '') },
    atLeast: checkNumber(action, 'atLeast', rule.atLeast, Number.MIN_VALUE, Number.MAX_VALUE),
    windowMs,
    cooldownMs: checkDuration(action, 'cooldown', cooldown, 0, 30 * DAY),
  }
}

/** What no line can have would never be raised, and nobody would know. */
function checkLog(action: string, log: LogCondition): void {
  checkOptions(action, log, [], ['level', 'module', 'message', 'fields'])
  for (const name of ['module', 'message'] as const)
    if (log[name] !== undefined && typeof log[name] !== 'string')
      throw new TypeError(`Cannot ${action}: log.${name} is no text, the whole of it expected`)
  checkValues(action, 'log.fields', log.fields)
}

function checkMetric(action: string, metric: MetricCondition): void {
  checkOptions(action, metric, ['name'], ['labels', 'over'])
  if (typeof metric.name !== 'string')
    throw new TypeError(`Cannot ${action}: metric.name is no text, a metric's name expected`)
  if (metric.over !== undefined)
    checkNumber(action, 'metric.over', metric.over, -Number.MAX_VALUE, Number.MAX_VALUE)
  checkValues(action, 'metric.labels', metric.labels)
}

function checkValues(action: string, name: string, values: unknown = {}): void {
  const isObject = typeof values === 'object' && values !== null
  if (isObject && Object.values(values).every(isPlain)) return
  throw new TypeError(
    `Cannot ${action}: ${name} has more than texts, numbers and booleans, such expected`,
  )
}

function isPlain(value: unknown): boolean {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
}
