import { currencyDecimals, checkCurrency } from './currency.ts'
import { minorMoney, readMoney, type Money } from './money.ts'

/** How what lies between two minor units is rounded. */
export type Rounding =
  /** To the nearer one, the even one from the middle: errors cancel out over many amounts. */
  | 'half-even'
  /** To the nearer one, away from zero from the middle: as invoices do. */
  | 'half-up'
  /** Towards zero. */
  | 'down'
  /** Away from zero. */
  | 'up'

/** A number without rounding: 19 % is `{ numerator: 19n, denominator: 100n }`. */
export interface Ratio {
  readonly numerator: bigint
  readonly denominator: bigint
}

/**
 * Divides money so that nothing is lost: the parts add up to the whole.
 *
 * Each part is its share rounded towards zero; what is left over goes, a minor unit each, to the
 * largest remainders, the earlier part first (the largest remainder method).
 *
 * @param weights Of each part, whole numbers of 0 or more, not all 0
 * @throws RangeError when there are no weights, over 10,000, one is negative, or all are 0
 * @example
 * allocateMoney(money('10.00', 'EUR'), [1, 1, 1]) // 3.34, 3.33, 3.33
 */
export function allocateMoney(
  total: Money,
  weights: readonly (bigint | number)[],
): readonly Money[] {
  // Unlike map(), this does not pass over holes.
  const shares = Array.from(weights, readWeight)
  const sum = shares.reduce((all, share) => all + share, 0n)
  if (sum === 0n || shares.length > 10_000)
    throw new RangeError(
      'Cannot allocate money: 1 to 10,000 weights expected, at least one of them above 0',
    )
  const { minor, currency } = readMoney(total)
  const sign = minor < 0n ? -1n : 1n
  const units = minor * sign
  const parts = shares.map((share) => (units * share) / sum)
  const left = Number(units - parts.reduce((all, part) => all + part, 0n))
  const byRemainder = shares
    .map((share, index) => ({ index, remainder: (units * share) % sum }))
    .toSorted((a, b) =>
      a.remainder === b.remainder ? a.index - b.index : a.remainder > b.remainder ? -1 : 1,
    )
  const favoured = new Set(byRemainder.slice(0, left).map(({ index }) => index))
  return parts.map((part, index) =>
    minorMoney(sign * (favoured.has(index) ? part + 1n : part), currency),
  )
}

/**
 * Multiplies money by a ratio, with one rounding at the end.
 *
 * @throws RangeError when the denominator is not above 0
 * @example
 * multiplyMoney(money('49.90', 'EUR'), ratio('0.19'), 'half-up') // 9.48
 */
export function multiplyMoney(amount: Money, by: Ratio, rounding: Rounding = 'half-even'): Money {
  checkRatio(by)
  const { minor, currency } = readMoney(amount)
  return minorMoney(divideRounded(minor * by.numerator, by.denominator, rounding), currency)
}

/**
 * Converts money at the caller's rate, without floating point and with one rounding.
 *
 * @param rate Units of `currency` for one unit of the amount's currency, as in `ratio('1.0842')`
 * @throws RangeError when the rate is not above 0, or `currency` is none
 * @example
 * convertMoney(money('10.00', 'EUR'), 'JPY', ratio('161.53')) // 1615 yen
 */
export function convertMoney(
  amount: Money,
  currency: string,
  rate: Ratio,
  rounding: Rounding = 'half-even',
): Money {
  checkRatio(rate)
  if (rate.numerator <= 0n)
    throw new RangeError('Cannot convert money: the rate is 0 or less, one above 0 expected')
  const code = checkCurrency(currency)
  const up = 10n ** BigInt(currencyDecimals(code))
  const { minor, currency: from } = readMoney(amount)
  const down = 10n ** BigInt(currencyDecimals(from))
  const units = divideRounded(minor * rate.numerator * up, rate.denominator * down, rounding)
  return minorMoney(units, code)
}

/**
 * Reads a decimal text exactly.
 *
 * @param decimal `'1.0842'`, `'-0.5'` or `'19'`: at most 40 characters
 * @throws RangeError when it is written otherwise
 *
 * @example
 * convertMoney(money('100.00', 'EUR'), 'USD', ratio('1.0842')) // 108.42 USD
 */
export function ratio(decimal: string): Ratio {
  const match =
    typeof decimal === 'string' && decimal.length <= 40
      ? /^(-?)(\d+)(?:\.(\d+))?$/.exec(decimal)
      : null
  if (match === null)
    throw new RangeError("Cannot read ratio: a decimal text such as '0.19' expected")
  const [, sign = '', whole = '', fraction = ''] = match
  const numerator = BigInt(whole + fraction)
  return {
    numerator: sign === '-' ? -numerator : numerator,
    denominator: 10n ** BigInt(fraction.length),
  }
}

/** @param denominator Above 0 */
export function divideRounded(numerator: bigint, denominator: bigint, rounding: Rounding): bigint {
  const sign = numerator < 0n ? -1n : 1n
  const units = numerator * sign
  const whole = units / denominator
  const twice = (units % denominator) * 2n
  return sign * (whole + (roundsUp(whole, twice, denominator, rounding) ? 1n : 0n))
}

function roundsUp(whole: bigint, twice: bigint, denominator: bigint, rounding: Rounding): boolean {
  switch (rounding) {
    case 'down':
      return false
    case 'up':
      return twice > 0n
    case 'half-up':
      return twice >= denominator
    case 'half-even':
      return twice > denominator || (twice === denominator && whole % 2n === 1n)
    default:
      throw new RangeError(
        `Cannot round: ${JSON.stringify(rounding)} is no rounding, half-even, half-up, down or up expected`,
      )
  }
}

function readWeight(weight: bigint | number): bigint {
  const units = typeof weight === 'number' && Number.isSafeInteger(weight) ? BigInt(weight) : weight
  if (typeof units === 'bigint' && units >= 0n) return units
  throw new RangeError('Cannot allocate money: a weight is no whole number of 0 or more')
}

function checkRatio({ denominator }: Ratio): void {
  if (denominator > 0n) return
  throw new RangeError('Cannot multiply money: the denominator is 0 or less, one above 0 expected')
}
