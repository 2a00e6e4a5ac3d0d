import { currencyDecimals } from './currency.ts'
import { decimalOf, readMoney, type MoneyInput } from './money.ts'

/**
 * Writes money as people of a language do. The digits are ISO 4217's, whatever the engine thinks
 * of the currency.
 *
 * @param locale BCP 47, such as `de-DE`
 * @throws RangeError when the locale or the money cannot be read
 * @example
 * formatMoney(money('1234.50', 'EUR'), 'de-DE') // '1.234,50 €'
 */
export function formatMoney(amount: MoneyInput, locale: string): string {
  const { minor, currency } = readMoney(amount)
  const decimals = currencyDecimals(currency)
  const format = new Intl.NumberFormat(locale, {
    style: 'currency',
    currency,
    minimumFractionDigits: decimals,
    maximumFractionDigits: decimals,
  })
  // A decimal text is formatted exactly (ECMA-402 NumberFormat v3), where a number would be
  // rounded.
  return format.format(decimalOf(minor, decimals) as Intl.StringNumericLiteral)
}
