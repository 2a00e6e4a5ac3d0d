import { checkInteger } from '../../../primitives/check-range.ts'
import { utf8Length } from '../../../primitives/utf8.ts'
import { ALGORITHMS } from './algorithms/algorithm-of.ts'
import type { FullGcra, FullRateLimit } from './full-rate-limit.ts'
import type {
  CalendarRateLimit,
  ConsumeOptions,
  GcraRateLimit,
  RateLimit,
  RateLimitName,
} from './rate-limit-store.ts'

/** Limits every rate limit store keeps. */
export const RATE_LIMIT_LIMITS = {
  /** Limits in one call. */
  limits: 16,
  /** UTF-8 bytes of a subject. */
  subjectBytes: 512,
  /** Characters of a limit's name. */
  name: 64,
  /** Greatest `limit` and `burst`, where nothing narrower holds. */
  limit: 1e12,
  /** Greatest `limit` of a sliding log and of a concurrency limit, whose states grow with it. */
  entries: 1000,
  /** Longest window, lease, ban and wait: 366 days. */
  windowMs: 31_622_400_000,
  /** Longest an operation is remembered. */
  rememberMs: 2_678_400_000,
} as const

const ACTION = 'check rate limit'
const MINUTE_MS = 60_000
const DAY_MS = 86_400_000

/**
 * Checked limits by the very array that {@link prepareRateLimits} made, so that nobody can have
 * changed them since.
 */
const prepared: WeakMap<readonly RateLimit[], readonly FullRateLimit[]> =
  /* @__PURE__ */ new WeakMap()

/**
 * Checks limits once for many calls.
 *
 * @returns A frozen copy, which {@link checkRateLimits} knows again
 * @throws RangeError when a limit is malformed, or a cost can never fit
 */
export function prepareRateLimits(limits: readonly RateLimit[]): readonly RateLimit[] {
  const copy = Object.freeze(limits.map((limit) => Object.freeze({ ...limit })))
  prepared.set(copy, checkLimits(copy))
  return copy
}

/** @throws RangeError when the subject or a limit is malformed, or a cost can never fit */
export function checkRateLimits(
  subject: string,
  limits: readonly RateLimit[],
): readonly FullRateLimit[] {
  checkSubject(subject)
  return prepared.get(limits) ?? checkLimits(limits)
}

/** @throws RangeError when the subject or a name is malformed */
export function checkLimitNames(subject: string, limits: readonly RateLimitName[]): void {
  checkSubject(subject)
  checkCount(limits)
  for (const limit of limits) checkName(limit)
}

/**
 * @returns How long the operation is remembered, ms; 0 without one
 * @throws RangeError when an option is malformed, or the limits need an operation
 */
export function checkConsumeOptions(
  limits: readonly FullRateLimit[],
  { operation, rememberMs }: ConsumeOptions,
): number {
  if (operation === undefined) {
    if (rememberMs !== undefined) refuse('rememberMs is given, an operation beside it expected')
    if (limits.some((limit) => limit.algorithm === 'concurrency' && limit.cost > 0))
      refuse('a slot has no holder, an operation expected')
    return 0
  }
  checkOperation(operation)
  if (rememberMs !== undefined)
    return checkInteger(ACTION, 'rememberMs', rememberMs, 1000, RATE_LIMIT_LIMITS.rememberMs)
  return Math.min(Math.max(MINUTE_MS, ...limits.map(spanOf)), DAY_MS)
}

/** @throws RangeError when the operation is malformed, or a limit cannot be settled */
export function checkSettlement(limits: readonly FullRateLimit[], operation: string): void {
  checkOperation(operation)
  if (limits.some(({ algorithm }) => algorithm === 'ban'))
    refuse('offences are not settled, a reset ends the ban')
}

function checkOperation(operation: string): void {
  if (typeof operation !== 'string' || !/^[\w.:/-]{1,128}$/.test(operation))
    refuse('the operation is malformed, 1 to 128 of A–Z a–z 0–9 . _ : / - expected')
}

function checkSubject(subject: string): void {
  if (typeof subject !== 'string')
    throw new TypeError(`Cannot ${ACTION}: the subject is a ${typeof subject}, a text expected`)
  const { subjectBytes } = RATE_LIMIT_LIMITS
  // No text has more bytes than three for each of its units: most need not be encoded to be
  // counted.
  const bytes = subject.length * 3 > subjectBytes ? utf8Length(subject) : subject.length
  if (bytes < 1 || bytes > subjectBytes)
    refuse(`the subject has ${bytes} bytes, 1 to ${subjectBytes} allowed`)
  checkText(subject)
}

/**
 * A lone surrogate has no UTF-8: backends would store another text, and two subjects would become
 * one.
 */
function checkText(text: string): void {
  if (!text.isWellFormed()) refuse('a text holds half a surrogate pair, well-formed text expected')
}

function checkCount(limits: readonly unknown[]): void {
  if (!Array.isArray(limits) || limits.length < 1 || limits.length > RATE_LIMIT_LIMITS.limits)
    refuse(`${Array.isArray(limits) ? limits.length : 'no list of'} limits, 1 to 16 allowed`)
}

function checkName({ name, subject }: RateLimitName): void {
  const length = typeof name === 'string' ? name.length : 0
  if (length < 1 || length > RATE_LIMIT_LIMITS.name)
    refuse(`a name has ${length} characters, 1 to ${RATE_LIMIT_LIMITS.name} allowed`)
  checkText(name)
  if (subject !== undefined) checkSubject(subject)
}

function checkLimits(limits: readonly RateLimit[]): readonly FullRateLimit[] {
  checkCount(limits)
  const full = limits.map(checkLimit)
  const isTwin = (one: FullRateLimit, index: number): boolean =>
    full.some(({ name, subject }, at) => at < index && name === one.name && subject === one.subject)
  if (full.some(isTwin)) refuse('two limits have the same name')
  return full
}

function checkLimit(given: RateLimit): FullRateLimit {
  checkName(given)
  const { algorithm, name, subject = null, cost = 1, reserve = 0 } = given
  const { windowMs: longest, entries, limit: greatest } = RATE_LIMIT_LIMITS
  const check: Check = (what, value, least, most) =>
    checkInteger(`${ACTION} "${name}"`, what, value, least, most)
  const bounded = algorithm === 'sliding-log' || algorithm === 'concurrency'
  const limit = check('limit', given.limit, 1, bounded ? entries : greatest)
  if (algorithm === 'gcra') return checkGcra(given, { name, subject, limit, reserve, cost }, check)
  check('reserve', reserve, 0, limit - 1)
  check('cost', cost, 0, algorithm === 'ban' ? 1e6 : limit - reserve)
  const base = { name, subject, limit, reserve, cost }
  switch (algorithm) {
    case 'fixed-window':
    case 'sliding-window':
    case 'sliding-log':
      return { algorithm, ...base, windowMs: check('windowMs', given.windowMs, 1, longest) }
    case 'calendar':
      return { algorithm, ...base, periods: checkPeriods(given, check) }
    case 'concurrency':
      return { algorithm, ...base, leaseMs: check('leaseMs', given.leaseMs, 1, longest) }
    case 'ban': {
      const banMs = check('banMs', given.banMs, 1, longest)
      return {
        ...{ algorithm, ...base, banMs },
        windowMs: check('windowMs', given.windowMs, 1, longest),
        maxBanMs: check('maxBanMs', given.maxBanMs, banMs, longest),
        forgetMs: check('forgetMs', given.forgetMs, 0, longest),
      }
    }
    default:
      return refuse(`an algorithm is unknown, ${ALGORITHMS.join(', ')} expected`)
  }
}

type Check = (what: string, value: number, least: number, most: number) => number

function checkGcra(
  given: GcraRateLimit,
  base: Pick<FullGcra, 'name' | 'subject' | 'limit' | 'reserve' | 'cost'>,
  check: Check,
): FullGcra {
  const { limit, name, reserve, cost } = base
  const { burst = limit, maxWaitMs = 0 } = given
  check('burst', burst, 1, RATE_LIMIT_LIMITS.limit)
  check('reserve', reserve, 0, burst - 1)
  check('cost', cost, 0, burst - reserve)
  check('maxWaitMs', maxWaitMs, 0, RATE_LIMIT_LIMITS.windowMs)
  const windowMs = check('windowMs', given.windowMs, 1, RATE_LIMIT_LIMITS.windowMs)
  const common = greatestCommonDivisor(limit, windowMs)
  const [rate, unit] = [limit / common, windowMs / common]
  const capacity = burst * unit
  // Twice, since a request is added before it is known to fit.
  if (2 * capacity + maxWaitMs * rate > Number.MAX_SAFE_INTEGER)
    refuse(
      `${limit} in ${windowMs} ms with a burst of ${burst} of "${name}" cannot be counted without loss, rounder numbers or a smaller burst expected`,
    )
  return { algorithm: 'gcra', ...base, windowMs, burst, maxWaitMs, rate, unit, capacity }
}

function checkPeriods({ periods }: CalendarRateLimit, check: Check): readonly number[] {
  check('the number of periods', Array.isArray(periods) ? periods.length : 0, 2, 16)
  return periods.map((start, index) =>
    check('a period', start, index === 0 ? 0 : (periods[index - 1] ?? 0) + 1, 8.64e15),
  )
}

/** What an operation on a limit should be remembered for. */
function spanOf(limit: FullRateLimit): number {
  if (limit.algorithm === 'calendar') return DAY_MS
  return limit.algorithm === 'concurrency' ? limit.leaseMs : limit.windowMs
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b)
}

function refuse(why: string): never {
  throw new RangeError(`Cannot ${ACTION}: ${why}`)
}
