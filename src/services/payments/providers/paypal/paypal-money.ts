import type { Json } from '../../../../runtime/ports/json.ts'
import { currencyDecimals } from '../../money/currency.ts'
import { minorMoney, money, type Money } from '../../money/money.ts'
import { PaymentError } from '../../payment-error.ts'
import { at, textAt } from '../provider-http.ts'

/**
 * PayPal takes no decimals for these, though ISO 4217 has two for two of them
 * (https://developer.paypal.com/reference/currency-codes/).
 */
const WHOLE = ['HUF', 'JPY', 'TWD']

/** @throws PaymentError `invalid_request` when PayPal cannot write exactly this */
export function paypalAmount(amount: Money): { currency_code: string; value: string } {
  const { amount: text, currency } = amount.toJSON()
  if (!WHOLE.includes(currency)) return { currency_code: currency, value: text }
  const [whole = text, decimals = ''] = text.split('.')
  if (/^0*$/.test(decimals)) return { currency_code: currency, value: whole }
  throw new PaymentError(
    'invalid_request',
    `Cannot pay through PayPal: an amount of ${currency} has to be without decimals`,
    { provider: 'paypal' },
  )
}

/** Reads `{ currency_code, value }`. @returns `null` when it is none */
export function moneyFromPaypal(value: Json | undefined): Money | null {
  const currency = textAt(value, 'currency_code')
  const amount = textAt(value, 'value')
  if (currency === undefined || amount === undefined) return null
  try {
    return money(trimmed(amount, currency), currency)
  } catch {
    return null
  }
}

/** Adds up amounts of one currency. */
export function sumFromPaypal(values: readonly Json[], currency: string, name = 'amount'): Money {
  let sum = 0n
  for (const value of values) sum += moneyFromPaypal(at(value, name))?.minor ?? 0n
  return minorMoney(sum, currency)
}

/** PayPal writes `10.00` now and then where a currency has no decimals. */
function trimmed(amount: string, currency: string): string {
  const [whole = amount, decimals = ''] = amount.split('.')
  const wanted = currencyDecimals(currency)
  const rest = decimals.slice(wanted)
  if (rest === '' || !/^0+$/.test(rest)) return amount
  return wanted === 0 ? whole : `${whole}.${decimals.slice(0, wanted)}`
}
