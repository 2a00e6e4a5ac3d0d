import { checkInteger } from '../../../primitives/check-range.ts'
import { divideRounded, type Rounding } from '../money/divide-money.ts'
import {
  minorMoney,
  readMoney,
  subtractMoney,
  type Money,
  type MoneyInput,
} from '../money/money.ts'
import { checkKeys } from '../operations/check-request.ts'

const KEYS = ['from', 'to', 'periodStart', 'periodEnd', 'changeAt', 'rounding']

/** A change within a billing period. */
export interface ProrationRequest {
  /** What the whole period cost before: price × quantity. */
  readonly from: MoneyInput
  /** What the whole period costs afterwards. */
  readonly to: MoneyInput
  /** ms since 1970. */
  readonly periodStart: number
  readonly periodEnd: number
  /** When the change takes effect; before or after the period it counts as its beginning or end. */
  readonly changeAt: number
  /** Of the unused part. Default `half-even`. */
  readonly rounding?: Rounding
}

/** What a change within a period costs. */
export interface Proration {
  /** Given back for what was paid and is not used, 0 or more. */
  readonly credit: Money
  /** Asked for the rest of the period at the new price, 0 or more. */
  readonly charge: Money
  /** `charge` less `credit`: below 0, the customer is owed. */
  readonly due: Money
}

/**
 * Works out a change of plan, quantity or price within a period, to the millisecond, in whole minor
 * units and without floating point.
 *
 * The used part is rounded and the unused one is the rest, so that both always add up to the
 * price: a plan that is changed twice in a period is neither billed nor credited twice for a day.
 *
 * @throws RangeError when the period is empty, an instant is no whole number, a price is below 0,
 *   or currencies differ
 * @throws PaymentError `invalid_request` when an option is not known
 * @example
 * const [from, to] = [money('10.00', 'EUR'), money('20.00', 'EUR')]
 * prorate({ from, to, periodStart, periodEnd, changeAt: halfway })
 * // { credit: 5.00, charge: 10.00, due: 5.00 }
 */
export function prorate(request: ProrationRequest): Proration {
  checkKeys('prorate', request, KEYS)
  const from = readMoney(request.from)
  const to = readMoney(request.to)
  if (from.minor < 0n || to.minor < 0n)
    throw new RangeError('Cannot prorate: a price is below 0, 0 or more expected')
  const { periodStart, periodEnd, changeAt, rounding = 'half-even' } = request
  for (const [name, at] of Object.entries({ periodStart, periodEnd, changeAt }))
    checkInteger('prorate', name, at, -8.64e15, 8.64e15)
  if (periodEnd <= periodStart)
    throw new RangeError('Cannot prorate: the period ends before it begins')
  const usedMs = Math.min(Math.max(changeAt, periodStart), periodEnd) - periodStart
  const unused = (price: Money): Money => {
    const used = divideRounded(
      price.minor * BigInt(usedMs),
      BigInt(periodEnd - periodStart),
      rounding,
    )
    return minorMoney(price.minor - used, price.currency)
  }
  const credit = unused(from)
  const charge = unused(to)
  return { credit, charge, due: subtractMoney(charge, credit) }
}
