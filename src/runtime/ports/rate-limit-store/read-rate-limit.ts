import { checkInteger } from '../../../primitives/check-range.ts'
import type { AnyAlgorithm, CheckNumber } from './algorithms/algorithm.ts'
import type { FullRateLimit } from './full-rate-limit.ts'
import {
  CHECK_RATE_LIMIT,
  checkCount,
  checkName,
  RATE_LIMIT_LIMITS,
  refuse,
} from './rate-limit-limits.ts'
import type { RateLimit } from './rate-limit-store.ts'

/** Limits that were checked once for many calls. */
export interface PreparedRateLimits {
  /** A frozen copy, which stores know again. */
  readonly asked: readonly RateLimit[]
  readonly full: readonly FullRateLimit[]
}

/**
 * Checked limits by the very array that {@link prepareRateLimits} made, so that nobody can have
 * changed them since.
 */
const prepared: WeakMap<readonly RateLimit[], readonly FullRateLimit[]> =
  /* @__PURE__ */ new WeakMap()

/**
 * Checks limits once for many calls.
 *
 * @param ruleOf The algorithm of a limit; whoever has but one kind of limit brings but that one
 * @throws RangeError when a limit is malformed, or a cost can never fit
 */
export function prepareRateLimits(
  limits: readonly RateLimit[],
  ruleOf: (limit: RateLimit, index: number) => AnyAlgorithm,
): PreparedRateLimits {
  const asked = Object.freeze(limits.map((limit) => Object.freeze({ ...limit })))
  const full = readRateLimits(asked, ruleOf)
  prepared.set(asked, full)
  return { asked, full }
}

/** @returns What {@link prepareRateLimits} made of the limits, if it made them */
export function preparedOf(limits: readonly RateLimit[]): readonly FullRateLimit[] | undefined {
  return prepared.get(limits)
}

/** @throws RangeError when a limit is malformed, or a cost can never fit */
export function readRateLimits(
  limits: readonly RateLimit[],
  ruleOf: (limit: RateLimit, index: number) => AnyAlgorithm,
): readonly FullRateLimit[] {
  checkCount(limits)
  const full = limits.map((limit, index) => readRateLimit(limit, ruleOf(limit, index)))
  const isTwin = (one: FullRateLimit, index: number): boolean =>
    full.some(({ name, subject }, at) => at < index && name === one.name && subject === one.subject)
  if (full.some(isTwin)) refuse('two limits have the same name')
  return full
}

function readRateLimit(given: RateLimit, rule: AnyAlgorithm): FullRateLimit {
  checkName(given)
  const { name, subject = null, cost = 1, reserve = 0 } = given
  const check: CheckNumber = (what, value, least, most) =>
    checkInteger(`${CHECK_RATE_LIMIT} "${name}"`, what, value, least, most)
  const limit = check('limit', given.limit, 1, rule.mostUnits ?? RATE_LIMIT_LIMITS.limit)
  const read = rule.read(given, { name, subject, limit, reserve, cost }, check)
  // An algorithm reads limits of its own kind.
  return { ...read, rule } as FullRateLimit
}

/** @throws RangeError when a cost can never fit beside what is reserved for others */
export function checkUnits(
  check: CheckNumber,
  { reserve, cost }: { readonly reserve: number; readonly cost: number },
  most: number,
): void {
  check('reserve', reserve, 0, most - 1)
  check('cost', cost, 0, most - reserve)
}
