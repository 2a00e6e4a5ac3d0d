import { checkOptions, checkParts } from '../../../primitives/check-options.ts'
import { runWithin } from '../../../primitives/run-within.ts'
import { changeEntry } from '../../../runtime/coordination/change-entry.ts'
import type { StorePartition } from '../../../runtime/ports/atomic-store/atomic-store.ts'
import type { Backend } from '../../../runtime/ports/backend.ts'
import type { Json } from '../../../runtime/ports/json.ts'
import { systemClock, type Clock } from '../../../runtime/ports/platform/clock.ts'
import { MAX_ERRORS, type FlushResult } from '../exporting/flush-result.ts'
import type { LogRecord, LogSink } from '../logs/log-record.ts'
import type { MetricFamily } from '../metrics/metric-family.ts'
import type { MetricsExporter } from '../metrics/metrics-options.ts'
import {
  checkRules,
  type Alert,
  type AlertRule,
  type KnownRule,
  type LogCondition,
} from './alert-rule.ts'
import {
  decideCount,
  decideLevel,
  FIRST_STATE,
  tenthOf,
  type AlertDecision,
  type AlertState,
} from './alert-state.ts'
import { measureRule } from './measure-rule.ts'

/** Options of {@link createAlerts}. */
export interface AlertsOptions {
  readonly rules: readonly AlertRule[]
  /**
   * Tells somebody: through notifications, a webhook, a pager. It has 30 s; when it rejects, the
   * alert is raised again with the next flush.
   */
  readonly notify: (alert: Alert) => unknown
  /**
   * Where all isolates and processes count together, and one of them notifies. Default: nowhere,
   * each counts for itself.
   */
  readonly backend?: Pick<Backend, 'store'>
  /** Keeps the alerts of one program apart from those of others. Default `default`. */
  readonly namespace?: string
  /** Keeps a Worker alive while it looks: `(promise) => ctx.waitUntil(promise)`. */
  readonly waitUntil?: (promise: Promise<unknown>) => void
  /** Default: the platform's. */
  readonly clock?: Clock
}

/** Counts as a sink of a logger, and as an exporter of metrics. */
export interface Alerts extends LogSink, MetricsExporter {
  /** Looks at the rules now; by itself it does 5 s after a line that counts. Never rejects. */
  flush(): Promise<FlushResult>
}

const CREATE = 'create alerts'
const NAMES = ['backend', 'namespace', 'waitUntil', 'clock'] as const
const LOOK_MS = 5000
const NOTIFY_MS = 30_000

/** What is known here of a rule. */
interface Watched {
  readonly rule: KnownRule
  /** Not yet in the state. */
  counts: Map<number, number>
  /** The state, where there is no backend. */
  state: AlertState
  example: string | undefined
  /** When what nobody could be told of was raised, ms since 1970. */
  untold: number | undefined
  /** Of a counter, when it was looked at last. */
  total: number | undefined
  /** Of a gauge: how high it is now, and whether it was below the threshold when last looked at. */
  level: number | undefined
  wasLow: boolean
}

/**
 * Creates alerts: thresholds over a window, each with a time of quiet after it was raised.
 *
 * @throws TypeError when an option is of another kind or name
 * @throws RangeError when a number is out of range
 * @example
 * ```ts
 * const alerts = createAlerts({
 *   backend,
 *   rules: [
 *     { name: 'many errors', log: { level: 'error' }, atLeast: 20, window: '5m', cooldown: '1h' },
 *     { name: 'mail fails', metric: { name: 'emails_failed_total' }, atLeast: 5, window: '10m' },
 *   ],
 *   notify: ({ rule, value }) => page(`${rule}: ${value}`),
 * })
 * const logger = new LoggerService({ sinks: [consoleSink(), alerts] })
 * const metrics = new MetricsService({ backend, exporters: [alerts] })
 * ```
 */
export function createAlerts(options: AlertsOptions): Alerts {
  checkOptions(CREATE, options, ['rules', 'notify'], NAMES)
  const { notify, backend, namespace = 'default', waitUntil, clock = systemClock } = options
  if (typeof notify !== 'function')
    throw new TypeError(`Cannot ${CREATE}: notify is no function, one expected`)
  if (!/^[\w.-]{1,100}$/.test(namespace))
    throw new TypeError(
      `Cannot ${CREATE}: namespace is no word of at most 100 characters, one expected`,
    )
  if (backend !== undefined) checkParts(CREATE, 'backend', backend, ['store'])
  const partition = backend?.store.partition(`alerts:${namespace}`)
  const watched = checkRules(options.rules).map((rule): Watched => ({
    rule,
    counts: new Map(),
    state: FIRST_STATE,
    example: undefined,
    untold: undefined,
    total: undefined,
    level: undefined,
    wasLow: false,
  }))
  let plannedAt = -Infinity

  function plan(): void {
    // On Workers a timer dies with its request: one that is overdue is set again.
    if (Math.abs(clock.now() - plannedAt) < 2 * LOOK_MS) return
    try {
      clock.setTimer(() => {
        plannedAt = -Infinity
        const looked = look(watched)
        waitUntil?.(looked)
      }, LOOK_MS)
      plannedAt = clock.now()
    } catch {
      // A Worker's global scope has no timers.
    }
  }

  /** @returns The alert, when it is for this isolate to raise it */
  async function judge(one: Watched): Promise<Alert | undefined> {
    const { rule, counts, example, level } = one
    const now = clock.now()
    one.counts = new Map()
    try {
      const decide = (before: AlertState): AlertDecision => {
        // Where nobody was told it was not raised, whether or not that could be written.
        const state = before.raisedAt === one.untold ? { ...before, raisedAt: null } : before
        return level === undefined
          ? decideCount(rule, state, counts, now)
          : decideLevel(rule, state, level, now)
      }
      const { value, raised } = await changeState(partition, one, decide)
      const { name, atLeast: threshold, windowMs } = rule
      if (!raised) return undefined
      const alert = { rule: name, value, threshold, windowMs, at: now }
      return example === undefined ? alert : { ...alert, example }
    } catch (error) {
      // Whether it was counted is not known: rather one alert too many than none.
      for (const [tenth, count] of counts) add(one, tenth, count)
      one.wasLow = false
      throw error
    }
  }

  async function tell(one: Watched, alert: Alert): Promise<void> {
    try {
      const late = (): Error => new Error(`No answer within ${NOTIFY_MS} ms`)
      await runWithin(clock, NOTIFY_MS, undefined, late, async () => notify(alert))
    } catch (error) {
      one.untold = alert.at
      // For the others; this isolate remembers it, should the store be away as well.
      await changeState(partition, one, (state) => ({
        state: state.raisedAt === alert.at ? { ...state, raisedAt: null } : state,
      })).catch(() => undefined)
      throw error
    }
  }

  async function look(all: readonly Watched[]): Promise<FlushResult> {
    const errors: unknown[] = []
    let sent = 0
    for (const one of all) {
      const { counts, level, untold } = one
      // What was counted before was judged then.
      if (counts.size === 0 && level === undefined && untold === undefined) continue
      try {
        const alert = await judge(one)
        one.untold = undefined
        if (alert === undefined) continue
        await tell(one, alert)
        sent++
      } catch (error) {
        errors.push(error)
      }
    }
    return { sent, dropped: 0, errors: errors.slice(0, MAX_ERRORS) }
  }

  return {
    write(record) {
      for (const one of watched) {
        if (one.rule.log === undefined || !matches(one.rule.log, record)) continue
        add(one, tenthOf(one.rule, record.time), 1)
        one.example = record.message
        plan()
      }
    },
    flush: () => look(watched.filter(({ rule }) => rule.log !== undefined)),
    export(families) {
      const now = clock.now()
      const own = watched.filter(({ rule }) => rule.metric !== undefined)
      for (const one of own) measure(one, families, now)
      return look(own)
    },
  }
}

/** Decides on a rule's state, which is here or in the store. */
async function changeState<Decision extends { readonly state: AlertState }>(
  partition: StorePartition | undefined,
  one: Watched,
  decide: (state: AlertState) => Decision,
): Promise<Decision> {
  const { rule } = one
  if (partition === undefined) {
    const decision = decide(one.state)
    one.state = decision.state
    return decision
  }
  return changeEntry(partition, rule.name, (entry) => {
    // Only alerts write here.
    const before = (entry?.value as AlertState | undefined) ?? FIRST_STATE
    const decision = decide(before)
    const value = decision.state as unknown as Json
    if (JSON.stringify(value) === JSON.stringify(before)) return { result: decision }
    // Then nothing of it matters any more.
    const expiresInMs = 2 * (rule.windowMs + rule.cooldownMs)
    return { result: decision, write: { set: [{ key: rule.name, value, expiresInMs }] } }
  })
}

function add(one: Watched, tenth: number, count: number): void {
  one.counts.set(tenth, (one.counts.get(tenth) ?? 0) + count)
  // What is older than the window no longer counts, however long nobody looks.
  if (one.counts.size > 20) one.counts = new Map(Array.from(one.counts).slice(-10))
}

function matches(
  { least, module, message, fields = {} }: LogCondition & { readonly least: number },
  record: LogRecord,
): boolean {
  if (record.level < least || (message !== undefined && message !== record.message)) return false
  if (module !== undefined && !`${record.module ?? ''}.`.startsWith(`${module}.`)) return false
  return Object.entries(fields).every(
    ([name, value]) => Object.hasOwn(record.fields, name) && record.fields[name] === value,
  )
}

/** Takes over what came since the last look; of a gauge, since when it is so high. */
function measure(one: Watched, families: readonly MetricFamily[], now: number): void {
  const { rule } = one
  const found = rule.metric && measureRule(rule.metric, families)
  one.level = undefined
  if (found === undefined) return
  if ('level' in found) {
    const isLow = found.level < rule.atLeast
    // One isolate that is well says nothing of the others: only that it became so.
    one.level = isLow && one.wasLow ? undefined : found.level
    one.wasLow = isLow
    return
  }
  const { total, beganAt } = found
  // What a counter had before anybody looked counts where it began within the window.
  const before = one.total ?? (now - beganAt < rule.windowMs ? 0 : total)
  one.total = total
  // It began anew where it is less.
  const more = total < before ? total : total - before
  if (more > 0) add(one, tenthOf(rule, now), more)
}
