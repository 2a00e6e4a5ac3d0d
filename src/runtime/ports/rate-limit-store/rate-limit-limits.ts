import { checkInteger } from '../../../primitives/check-range.ts'
import { utf8Length } from '../../../primitives/utf8.ts'
import type { FullRateLimit } from './full-rate-limit.ts'
import type { ConsumeOptions, RateLimitName } from './rate-limit-store.ts'

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

/** What cannot be done where a limit is malformed. */
export const CHECK_RATE_LIMIT = 'check rate limit'

const MINUTE_MS = 60_000
const DAY_MS = 86_400_000

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
    return checkInteger(
      CHECK_RATE_LIMIT,
      'rememberMs',
      rememberMs,
      1000,
      RATE_LIMIT_LIMITS.rememberMs,
    )
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

/**
 * @throws TypeError when the subject is no text
 * @throws RangeError when it is empty, too long or not well-formed
 */
export function checkSubject(subject: string): void {
  if (typeof subject !== 'string')
    throw new TypeError(
      `Cannot ${CHECK_RATE_LIMIT}: the subject is a ${typeof subject}, a text expected`,
    )
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

/** @throws RangeError when there are none, or too many */
export function checkCount(limits: readonly unknown[]): void {
  if (!Array.isArray(limits) || limits.length < 1 || limits.length > RATE_LIMIT_LIMITS.limits)
    refuse(`${Array.isArray(limits) ? limits.length : 'no list of'} limits, 1 to 16 allowed`)
}

/** @throws RangeError when the name or the subject of a limit is malformed */
export function checkName({ name, subject }: RateLimitName): void {
  const length = typeof name === 'string' ? name.length : 0
  if (length < 1 || length > RATE_LIMIT_LIMITS.name)
    refuse(`a name has ${length} characters, 1 to ${RATE_LIMIT_LIMITS.name} allowed`)
  checkText(name)
  if (subject !== undefined) checkSubject(subject)
}

/** What an operation on a limit should be remembered for. */
function spanOf(limit: FullRateLimit): number {
  if (limit.algorithm === 'calendar') return DAY_MS
  return limit.algorithm === 'concurrency' ? limit.leaseMs : limit.windowMs
}

/** @throws RangeError */
export function refuse(why: string): never {
  throw new RangeError(`Cannot ${CHECK_RATE_LIMIT}: ${why}`)
}
