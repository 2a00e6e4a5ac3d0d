import type { FullGcra } from '../full-rate-limit.ts'
import { RATE_LIMIT_LIMITS, refuse } from '../rate-limit-limits.ts'
import type { GcraRateLimit } from '../rate-limit-store.ts'
import { checkUnits } from '../read-rate-limit.ts'
import { elapsedMs, type Algorithm } from './algorithm.ts'

/** How far from full the bucket was at `at`, in units of which a ms earns `rate` back. */
export interface GcraState {
  readonly at: number
  readonly used: number
  readonly rate: number
  /** The capacity beyond which `used` was booked ahead; 0 where nothing was. */
  readonly booked: number
}

/**
 * The generic cell rate algorithm (ITU-T I.371). A receipt is `at, used, rate, unit`, and what was
 * taken.
 */
export const gcra: Algorithm<FullGcra, GcraState, GcraRateLimit> = {
  name: 'gcra',

  read(given, common, check) {
    const { limit, name } = common
    const { algorithm, burst = limit, maxWaitMs = 0, notBeforeMs = 0 } = given
    check('burst', burst, 1, RATE_LIMIT_LIMITS.limit)
    checkUnits(check, common, burst)
    check('maxWaitMs', maxWaitMs, 0, RATE_LIMIT_LIMITS.windowMs)
    check('notBeforeMs', notBeforeMs, 0, maxWaitMs)
    const windowMs = check('windowMs', given.windowMs, 1, RATE_LIMIT_LIMITS.windowMs)
    const divisor = greatestCommonDivisor(limit, windowMs)
    const [rate, unit] = [limit / divisor, windowMs / divisor]
    const capacity = burst * unit
    // Twice, since a request is added before it is known to fit.
    if (2 * capacity + maxWaitMs * rate > Number.MAX_SAFE_INTEGER)
      refuse(
        `${limit} in ${windowMs} ms with a burst of ${burst} of "${name}" cannot be counted without loss, rounder numbers or a smaller burst expected`,
      )
    return { algorithm, ...common, windowMs, burst, maxWaitMs, notBeforeMs, rate, unit, capacity }
  },

  advance(limit, state, now) {
    if (state === null) return { at: now, used: 0, rate: limit.rate, booked: 0 }
    const left = leftOf(limit, state, now)
    return stateOf(limit, now, isBooked(limit, state) ? left : Math.min(left, limit.capacity))
  },

  isCut: (limit, state, now) =>
    !isBooked(limit, state) && leftOf(limit, state, now) > limit.capacity,

  admits(limit, state) {
    const ahead = limit.maxWaitMs * limit.rate
    return limit.cost === 0 || chargedOf(limit, state) <= roomOf(limit) + ahead
  },

  charge: (limit, state) => stateOf(limit, state.at, chargedOf(limit, state)),

  receipt: (limit, { at, used, rate }) => [at, used, rate, limit.unit, limit.cost * limit.unit],

  settle(limit, state, { receipt }) {
    const [takenAt = 0, usedThen = 0, rateThen = 1, unitThen = 1, taken = 0] = receipt
    const wanted = limit.cost * unitThen
    if (wanted > taken) {
      const more = inUnits(wanted - taken, rateThen, limit.rate)
      const used = Math.max(Math.min(state.used + more, limit.capacity), state.used)
      const sum = inUnits(taken, rateThen, limit.rate) + used - state.used
      const { rate, unit } = limit
      const next = stateOf(limit, state.at, used)
      return {
        state: next,
        taken: { cost: limit.cost, receipt: [state.at, used, rate, unit, sum] },
      }
    }
    // What came before it is earned back before it.
    const drained = elapsedMs(takenAt, state.at) * rateThen
    const back = Math.min(taken - wanted, Math.max(usedThen - drained, 0))
    const used = Math.max(state.used - inUnits(back, rateThen, limit.rate), 0)
    return {
      state: stateOf(limit, state.at, used),
      taken: {
        cost: limit.cost,
        receipt: [takenAt, usedThen - back, rateThen, unitThen, wanted],
      },
    }
  },

  remaining: (limit, state) => divideDown(Math.max(roomOf(limit) - state.used, 0), limit.unit),

  waitMs(limit, state, cost) {
    const over = state.used + cost * limit.unit - roomOf(limit)
    return over <= 0 ? 0 : divideUp(over, limit.rate)
  },

  restMs: (limit, state) => divideUp(state.used, limit.rate),

  encode: ({ at, used, rate, booked }) => `${at} ${used} ${rate} ${booked}`,

  decode(text) {
    const [at = 0, used = 0, rate = 1, booked = 0] = text.split(' ').map(Number)
    return { at, used, rate, booked }
  },
}

/** What is not yet earned back once the request is charged, at the moment that it asks for. */
function chargedOf(limit: FullGcra, state: GcraState): number {
  return Math.max(state.used, limit.notBeforeMs * limit.rate) + limit.cost * limit.unit
}

/** Units until the bucket is as empty as this request may make it. */
function roomOf(limit: FullGcra): number {
  return limit.capacity - limit.reserve * limit.unit
}

function stateOf(limit: FullGcra, at: number, used: number): GcraState {
  return { at, used, rate: limit.rate, booked: used > limit.capacity ? limit.capacity : 0 }
}

/** What is not yet earned back. Where another limit was asked before, time until full stays. */
function leftOf({ rate }: FullGcra, state: GcraState, now: number): number {
  const left = Math.max(state.used - elapsedMs(state.at, now) * state.rate, 0)
  return state.rate === rate ? left : Math.ceil((left / state.rate) * rate)
}

/** Whether more than the capacity may have been used, since it was booked under this very limit. */
function isBooked({ rate, capacity }: FullGcra, state: GcraState): boolean {
  return state.rate === rate && state.booked === capacity
}

/** A span of units in those of another rate, never more. */
function inUnits(span: number, from: number, to: number): number {
  return from === to ? span : Math.floor((span / from) * to)
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b)
}

/**
 * The quotient of integers up to 2⁵³, rounded down. A division in doubles can but round up to an
 * integer that it does not reach.
 */
function divideDown(dividend: number, divisor: number): number {
  const quotient = Math.floor(dividend / divisor)
  return quotient * divisor > dividend ? quotient - 1 : quotient
}

/** The same rounded up. Neither is ever given less than 0. */
function divideUp(dividend: number, divisor: number): number {
  const quotient = divideDown(dividend, divisor)
  return quotient * divisor === dividend ? quotient : quotient + 1
}
