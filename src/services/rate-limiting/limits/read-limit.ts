import { checkOptions } from '../../../primitives/check-options.ts'
import { checkDuration, checkInteger } from '../../../primitives/check-range.ts'
import type { AnyAlgorithm } from '../../../runtime/ports/rate-limit-store/algorithms/algorithm.ts'
import { RATE_LIMIT_LIMITS } from '../../../runtime/ports/rate-limit-store/rate-limit-limits.ts'
import type { RateLimit } from '../../../runtime/ports/rate-limit-store/rate-limit-store.ts'
import type { LimitOptions } from './limit-options.ts'
import type { PlannedLimit } from './limit-plan.ts'
import { subjectOf } from './subject-of.ts'

const OPTIONAL = ['algorithm', 'burst', 'hardCap', 'name', 'key', 'cost'] as const

/** Algorithms by the names that limits have for them. */
export type LimitRules = Readonly<
  Partial<Record<NonNullable<LimitOptions['algorithm']>, AnyAlgorithm>>
>

/**
 * @param action What cannot be done without it, as in `check rate limit`
 * @param rules Those that the limit may name
 * @throws TypeError or RangeError when the limit is malformed
 */
export function readLimit(action: string, options: LimitOptions, rules: LimitRules): PlannedLimit {
  checkOptions(action, options, ['limit', 'window'], OPTIONAL)
  const { algorithm = 'gcra', hardCap = false, burst, key, cost = null } = options
  const rule = Object.hasOwn(rules, algorithm) ? rules[algorithm] : undefined
  if (rule === undefined)
    throw new RangeError(
      `Cannot ${action}: algorithm ${JSON.stringify(algorithm)} is not known, ${Object.keys(rules).join(', ')} expected`,
    )
  if (typeof hardCap !== 'boolean')
    throw new TypeError(`Cannot ${action}: hardCap is a ${typeof hardCap}, true or false expected`)
  if (algorithm !== 'gcra' && (burst !== undefined || hardCap))
    throw new RangeError(
      `Cannot ${action}: burst and hardCap mean nothing to ${algorithm}, gcra expected beside them`,
    )
  const { limit: greatest, entries } = RATE_LIMIT_LIMITS
  const most = algorithm === 'sliding-log' ? entries : greatest
  const limit = checkInteger(action, 'limit', options.limit, 1, most)
  const windowMs = readWindow(action, options.window)
  const name = readName(action, options.name, () => defaultName(algorithm, windowMs))
  const base = { name, ...(key !== undefined && { subject: subjectOf(action, key) }) }
  const rate = { limit, windowMs, ...(burst !== undefined && { burst }) }
  const numbers = hardCap ? capped(action, limit, windowMs, burst) : rate
  if (cost !== null) checkCost(action, cost)
  return planOf({ algorithm, ...base, ...numbers }, { rule, limit, windowMs, cost })
}

/** @throws RangeError when `window` is no duration, or out of range */
export function readWindow(
  action: string,
  window: LimitOptions['window'],
  name = 'window',
): number {
  return checkDuration(action, name, window, 1, RATE_LIMIT_LIMITS.windowMs)
}

/** @throws RangeError when the name is malformed: headers can say printable ASCII alone */
export function readName(
  action: string,
  name: string | undefined,
  byDefault: () => string,
): string {
  if (name === undefined) return byDefault()
  if (typeof name === 'string' && /^[ -~]{1,64}$/.test(name)) return name
  throw new RangeError(
    `Cannot ${action}: the name is malformed, 1 to ${RATE_LIMIT_LIMITS.name} printable ASCII characters expected`,
  )
}

/** @throws RangeError when `cost` is no cost */
export function checkCost(action: string, cost: number): number {
  return checkInteger(action, 'cost', cost, 0, RATE_LIMIT_LIMITS.limit)
}

/** Plans a limit that is the same at any time. */
export function planOf(
  asked: RateLimit,
  { rule, limit, windowMs, cost }: Pick<PlannedLimit, 'rule' | 'limit' | 'windowMs' | 'cost'>,
): PlannedLimit {
  const burst = asked.algorithm === 'gcra' ? (asked.burst ?? asked.limit) : limit
  return {
    name: asked.name,
    rule,
    limit: Math.max(limit, burst),
    burst,
    windowMs,
    cost,
    at: (units) => ({ ...asked, cost: units }),
  }
}

/** In any window `burst` may come, and what is earned within it. */
function capped(
  action: string,
  limit: number,
  windowMs: number,
  burst = Math.max(Math.floor(limit / 2), 1),
): { readonly limit: number; readonly windowMs: number; readonly burst: number } {
  // One a window is the one rate at which no burst can come beside what is earned.
  if (limit === 1 && burst === 1) return { limit: 1, windowMs, burst: 1 }
  checkInteger(action, 'burst', burst, 1, limit - 1)
  return { limit: limit - burst, windowMs, burst }
}

function defaultName(algorithm: string, windowMs: number): string {
  return algorithm === 'gcra' ? shortDuration(windowMs) : `${algorithm}-${shortDuration(windowMs)}`
}

const UNITS = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1000],
] as const

/** The duration in its largest whole unit: `1m`, `90s`, `1500ms`. */
export function shortDuration(ms: number): string {
  const [unit, size] = UNITS.find(([, length]) => ms % length === 0) ?? ['ms', 1]
  return `${ms / size}${unit}`
}
