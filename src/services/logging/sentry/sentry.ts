import { checkOptions } from '../../../primitives/check-options.ts'
import { checkInteger, checkNumber } from '../../../primitives/check-range.ts'
import { encodeHex } from '../../../primitives/hex.ts'
import { keepLatest } from '../../../primitives/lru-cache.ts'
import { systemClock, type Clock } from '../../../runtime/ports/platform/clock.ts'
import { systemFetch, type FetchClient } from '../../../runtime/ports/platform/fetch-client.ts'
import { systemRandom, type RandomSource } from '../../../runtime/ports/platform/random-source.ts'
import type { FlushResult } from '../exporting/flush-result.ts'
import type { LogRecord, LogSink } from '../logs/log-record.ts'
import type { Redactor } from '../redaction/redactor.ts'
import { readDsn } from './dsn.ts'
import { createEventQueue } from './event-queue.ts'
import { readExceptions } from './exceptions.ts'
import type { SentryBreadcrumb, SentryEvent, SentryLevel } from './sentry-event.ts'
import { SentryScope, type SentryDetails } from './sentry-scope.ts'

/** Options of {@link sentry}. */
export interface SentryOptions {
  /** Of the project, as Sentry shows it. */
  readonly dsn: string
  /** Takes secrets and personal data out of each event: `createRedactor()`. */
  readonly redactor: Redactor
  readonly release?: string
  /** Default: Sentry's, `production`. */
  readonly environment?: string
  /** Tags of every event. */
  readonly tags?: Readonly<Record<string, string>>
  /** The share of events that is sent, 0 to 1. Default 1. */
  readonly sampleRate?: number
  /** Changes an event that is about to be sent, already redacted; `null` drops it. */
  readonly beforeSend?: (event: SentryEvent) => SentryEvent | null
  /** Of one request, the latest, 0 to 100. Default 30. */
  readonly maxBreadcrumbs?: number
  /**
   * Log lines from this level on are events of their own, where the client is a sink. Default:
   * none, they are breadcrumbs, and `observe` reports errors.
   */
  readonly captureLines?: 'warn' | 'error' | 'fatal'
  /** Events that wait at most, 1 to 1,000; further ones are dropped and counted. Default 30. */
  readonly maxQueued?: number
  /** Keeps a Worker alive while it sends: `(promise) => ctx.waitUntil(promise)`. */
  readonly waitUntil?: (promise: Promise<unknown>) => void
  /** Default: the platform's. */
  readonly fetch?: FetchClient
  readonly clock?: Clock
  readonly random?: RandomSource
}

/**
 * Sends errors to Sentry. It is what `observe` reports to (`errors`), and a sink of a logger, whose
 * lines are then the breadcrumbs of the request they belong to.
 */
export interface SentryClient extends SentryScope, LogSink {
  /** What belongs to one request or piece of work alone: a user, tags, breadcrumbs. */
  scope(): SentryScope
  /**
   * Sends what waits. Never rejects. In a Durable Object or a queue, wait for it before the end.
   */
  flush(): Promise<FlushResult>
}

const CREATE = 'create Sentry client'
const NAMES = [
  'release',
  'environment',
  'tags',
  'sampleRate',
  'beforeSend',
  'maxBreadcrumbs',
  'captureLines',
  'maxQueued',
  'waitUntil',
  'fetch',
  'clock',
  'random',
] as const

/** Requests whose lines are kept, the latest. */
const MOST_REQUESTS = 100
/** UTF-16 units of one event. */
const LONGEST_EVENT = 500_000
const LEVELS: Readonly<Record<string, number>> = { warn: 40, error: 50, fatal: 60 }

/**
 * Creates a client of Sentry. Nothing of it throws into its caller, and nothing is sent before
 * `flush`, or before it is time.
 *
 * @throws TypeError when an option is of another kind or name, or the DSN is none
 * @throws RangeError when a number is out of range
 * @example
 * ```ts
 * const errors = sentry({ dsn: env.SENTRY_DSN, release: env.RELEASE, redactor: createRedactor() })
 * const observer = createObserver({ logger: { sinks: [consoleSink(), errors] }, errors })
 * ```
 */
export function sentry(options: SentryOptions): SentryClient {
  checkOptions(CREATE, options, ['dsn', 'redactor'], NAMES)
  const { dsn, redactor, beforeSend, tags, captureLines } = options
  const { fetch = systemFetch, clock = systemClock, random = systemRandom } = options
  const { sampleRate = 1, maxBreadcrumbs: most = 30, maxQueued = 30 } = options
  checkNumber(CREATE, 'sampleRate', sampleRate, 0, 1)
  checkInteger(CREATE, 'maxBreadcrumbs', most, 0, 100)
  const least = captureLines === undefined ? Infinity : LEVELS[captureLines]
  const wrong =
    typeof redactor.object !== 'function'
      ? 'redactor is none, createRedactor()'
      : typeof (beforeSend ?? capture) !== 'function'
        ? 'beforeSend is none, a function'
        : typeof least !== 'number' && 'captureLines is no level, warn, error or fatal'
  if (wrong) throw new TypeError(`Cannot ${CREATE}: ${wrong} expected`)
  const queue = createEventQueue({
    target: readDsn(dsn),
    maxQueued: checkInteger(CREATE, 'maxQueued', maxQueued, 1, 1000),
    waitUntil: options.waitUntil,
    fetch,
    clock,
  })
  /** Lines by request, or by trace where there is none. */
  const lines = new Map<string, SentryBreadcrumb[]>()
  const seen = new WeakSet<object>()

  function capture(
    what: { readonly error: unknown } | { readonly message: string },
    details: SentryDetails,
  ): string | null {
    if ('error' in what && typeof what.error === 'object' && what.error !== null) {
      // The log and whoever handles an error may both bring it.
      if (seen.has(what.error)) return null
      seen.add(what.error)
    }
    try {
      if (random.fraction() < sampleRate) {
        const eventId = encodeHex(random.bytes(16))
        const event = eventOf(eventId, what, details)
        const chosen = beforeSend === undefined ? event : beforeSend(event)
        if (chosen !== null) return queue.add(eventId, written(chosen)) ? eventId : null
      }
      queue.drop()
    } catch (error) {
      // What cannot be looked at before it is sent is not sent.
      queue.drop(error)
    }
    return null
  }

  function eventOf(
    eventId: string,
    what: { readonly error: unknown } | { readonly message: string },
    details: SentryDetails,
  ): SentryEvent {
    const { requestId, traceId, spanId, level, handled = true } = details
    const { user, extra, fingerprint, transaction, ...shown } = redactor.object({
      ...what,
      ...details,
      tags: { ...tags, ...details.tags, requestId },
      // A redactor makes an object of an object.
    }) as SentryDetails & { readonly error?: unknown; readonly message?: string }
    const kept = lines.get(requestId ?? traceId ?? '') ?? []
    const isError = 'error' in what
    // What is undefined is left out as it is written.
    return {
      event_id: eventId,
      timestamp: clock.now() / 1000,
      platform: 'javascript',
      level: level ?? (isError ? 'error' : 'info'),
      release: options.release,
      environment: options.environment,
      transaction,
      exception: isError ? { values: readExceptions(shown.error, handled) } : undefined,
      logentry: isError ? undefined : { formatted: shown.message },
      breadcrumbs: { values: [...kept, ...(shown.breadcrumbs ?? [])] },
      user,
      tags: tagsOf(shown.tags ?? {}),
      fingerprint,
      contexts: {
        ...shown.contexts,
        trace: traceId && spanId ? { trace_id: traceId, span_id: spanId } : undefined,
      },
      extra,
    }
  }

  const write = ({ level, levelName, time, message, module, fields }: LogRecord): void => {
    const { err, error = err, requestId, traceId, spanId, ...data } = fields
    const ids = { requestId: idOf(requestId), traceId: idOf(traceId), spanId: idOf(spanId) }
    const own = levelOf(levelName)
    if (level >= Number(least))
      capture(error === undefined ? { message } : { error }, {
        ...ids,
        level: own,
        extra: { ...data, message },
      })
    const key = ids.requestId ?? ids.traceId ?? ''
    const kept = lines.get(key) ?? []
    kept.push({ timestamp: time / 1000, level: own, category: module ?? 'log', message, data })
    if (kept.length > most) kept.shift()
    keepLatest(lines, MOST_REQUESTS, key, kept)
  }
  const scope = (): SentryScope => new SentryScope(capture, clock)
  return Object.assign(scope(), { scope, write, flush: () => queue.flush() })
}

function levelOf(name: LogRecord['levelName']): SentryLevel {
  return name === 'trace' ? 'debug' : name === 'warn' ? 'warning' : name
}

function idOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}

/** What Sentry would leave out is made to fit. */
function tagsOf(tags: Readonly<Record<string, unknown>>): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(tags).map(([name, value]) => [
      name.replace(/[^\w.:-]/g, '_').slice(0, 32),
      String(value).replace(/\s+/g, ' ').slice(0, 200),
    ]),
  )
}

/** What is too long goes without what is least missed. */
function written(event: SentryEvent): string {
  // An async `beforeSend` answers a promise, of which JSON makes an event of nothing.
  if (event?.event_id === undefined)
    throw new TypeError('Cannot send: beforeSend answered no event, one or null expected')
  const { breadcrumbs: _1, extra: _2, ...shorter } = event
  const { contexts: _3, user: _4, tags: _5, ...shortest } = shorter
  for (const one of [event, shorter]) {
    const text = JSON.stringify(one)
    if (text.length <= LONGEST_EVENT) return text
  }
  return JSON.stringify(shortest)
}
