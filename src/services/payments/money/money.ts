import { checkCurrency, currencyDecimals } from './currency.ts'

/**
 * An amount of one currency, in whole minor units: cents of a euro, yen, fils of a dinar.
 *
 * It has no arithmetic operators on purpose; use {@link addMoney} and its neighbours, which refuse
 * to mix currencies. `JSON.stringify()` writes it as {@link MoneyJson}.
 */
export interface Money {
  readonly minor: bigint
  /** ISO 4217, in capitals. */
  readonly currency: string
  toJSON(): MoneyJson
}

/** {@link Money} as JSON carries it: `{ amount: '49.90', currency: 'EUR' }`. */
export interface MoneyJson {
  /** Decimal, with exactly the currency's decimals, `-` in front of a negative one. */
  readonly amount: string
  readonly currency: string
}

/** What is taken where {@link Money} is wanted. */
export type MoneyInput = Money | MoneyJson | { readonly minor: bigint; readonly currency: string }

/** Larger amounts fit no provider's field: 15 digits. */
const MOST = 999_999_999_999_999n

class Amount implements Money {
  readonly minor: bigint
  readonly currency: string

  constructor(minor: bigint, currency: string) {
    this.minor = minor
    this.currency = currency
    Object.freeze(this)
  }

  toJSON(): MoneyJson {
    return {
      amount: decimalOf(this.minor, currencyDecimals(this.currency)),
      currency: this.currency,
    }
  }
}

/**
 * Makes {@link Money} of a decimal text.
 *
 * @param amount `'49.90'`, `'49.9'` or `'-3'`: digits with a point, no more decimals than the
 *   currency has. A number is refused: 0.1 + 0.2 is not 0.3
 * @throws TypeError when `amount` is no text
 * @throws RangeError when it cannot be an amount of that currency, or `currency` is none
 * @example
 * money('49.90', 'EUR').minor // 4990n
 */
export function money(amount: string, currency: string): Money {
  const code = checkCurrency(currency)
  if (typeof amount !== 'string')
    throw new TypeError(
      `Cannot read amount of ${code}: it is a ${typeof amount}, a text such as '49.90' expected`,
    )
  const decimals = currencyDecimals(code)
  const match = amount.length <= 20 ? /^(-?)(\d+)(?:\.(\d+))?$/.exec(amount) : null
  const [, sign = '', whole = '', fraction = ''] = match ?? []
  if (match === null || fraction.length > decimals)
    throw new RangeError(
      `Cannot read amount ${JSON.stringify(amount.slice(0, 20))} of ${code}: digits with at most ${decimals} decimals after a point expected`,
    )
  const minor = BigInt(whole + fraction.padEnd(decimals, '0'))
  return minorMoney(sign === '-' ? -minor : minor, code)
}

/**
 * Makes {@link Money} of minor units.
 *
 * @param minor Cents of a euro, yen, fils of a dinar: a bigint, or a number that is a safe integer
 * @throws RangeError when it is no whole number, over 15 digits, or `currency` is none
 * @example
 * minorMoney(4990, 'EUR').toJSON() // { amount: '49.90', currency: 'EUR' }
 */
export function minorMoney(minor: bigint | number, currency: string): Money {
  const code = checkCurrency(currency)
  const units = typeof minor === 'number' && Number.isSafeInteger(minor) ? BigInt(minor) : minor
  if (typeof units !== 'bigint')
    throw new RangeError(
      `Cannot read amount of ${code}: ${typeof minor === 'number' ? minor : `a ${typeof minor}`} is no whole number of minor units`,
    )
  if (units > MOST || units < -MOST)
    throw new RangeError(`Cannot read amount of ${code}: it has over 15 digits`)
  return new Amount(units, code)
}

/**
 * Reads {@link Money} in any of its shapes.
 *
 * @throws TypeError when it has none of them
 * @throws RangeError when its amount or currency is wrong
 *
 * @example
 * readMoney({ amount: '49.90', currency: 'EUR' }).minor // 4990n
 */
export function readMoney(input: MoneyInput): Money {
  if (input instanceof Amount) return input
  if (typeof input === 'object' && input !== null && 'currency' in input) {
    if ('minor' in input) return minorMoney(input.minor, input.currency)
    if ('amount' in input) return money(input.amount, input.currency)
  }
  throw new TypeError(
    "Cannot read money: money('49.90', 'EUR') or { amount: '49.90', currency: 'EUR' } expected",
  )
}

/**
 * @throws RangeError when the currencies differ
 *
 * @example
 * addMoney(money('19.90', 'EUR'), money('5.00', 'EUR')) // 24.90 EUR
 */
export function addMoney(first: Money, ...others: readonly Money[]): Money {
  const { minor, currency } = readMoney(first)
  return minorMoney(
    others.reduce((sum, other) => sum + minorOf(other, currency), minor),
    currency,
  )
}

/**
 * @throws RangeError when the currencies differ
 *
 * @example
 * subtractMoney(money('19.90', 'EUR'), money('5.00', 'EUR')) // 14.90 EUR
 */
export function subtractMoney(from: Money, amount: Money): Money {
  const { minor, currency } = readMoney(from)
  return minorMoney(minor - minorOf(amount, currency), currency)
}

/**
 * @returns Below 0, 0 or above 0, for `toSorted()`. @throws RangeError when the currencies differ
 *
 * @example
 * const cheapest = [money('19.90', 'EUR'), money('5.00', 'EUR')].toSorted(compareMoney)[0]
 */
export function compareMoney(left: Money, right: Money): number {
  const { minor, currency } = readMoney(left)
  const other = minorOf(right, currency)
  if (minor === other) return 0
  return minor < other ? -1 : 1
}

/** Of what plain JavaScript may have got out of JSON as well. */
function minorOf(input: Money, wanted: string): bigint {
  const { minor, currency } = readMoney(input)
  if (currency === wanted) return minor
  throw new RangeError(
    `Cannot combine money: one is in ${wanted}, the other in ${currency}, one currency expected`,
  )
}

/** A bigint as a decimal text with exactly `decimals` decimals. */
export function decimalOf(minor: bigint, decimals: number): string {
  const digits = (minor < 0n ? -minor : minor).toString().padStart(decimals + 1, '0')
  const whole = digits.slice(0, digits.length - decimals)
  const sign = minor < 0n ? '-' : ''
  return decimals === 0 ? sign + whole : `${sign}${whole}.${digits.slice(-decimals)}`
}
