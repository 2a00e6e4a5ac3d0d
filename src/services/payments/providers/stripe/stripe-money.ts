import { minorMoney, type Money } from '../../money/money.ts'
import { PaymentError } from '../../payment-error.ts'

/**
 * Stripe counts some currencies otherwise than ISO 4217
 * (https://docs.stripe.com/currencies#special-cases): ISK and UGX in hundredths that must be whole,
 * MGA in whole ariary, and the last of three decimals must be 0.
 */
const HUNDREDTHS = ['ISK', 'UGX']
const WHOLE = ['MGA']
const LAST_DIGIT_ZERO = ['BHD', 'JOD', 'KWD', 'OMR', 'TND']

/** @throws PaymentError `invalid_request` when Stripe cannot charge exactly this */
export function stripeAmount({ minor, currency }: Money): number {
  if (HUNDREDTHS.includes(currency)) return Number(minor * 100n)
  if (WHOLE.includes(currency)) return Number(dividedBy(minor, 100n, currency))
  if (LAST_DIGIT_ZERO.includes(currency)) dividedBy(minor, 10n, currency)
  return Number(minor)
}

/** @param currency In any case, as Stripe writes it small */
export function moneyFromStripe(amount: number, currency: string): Money {
  const code = currency.toUpperCase()
  if (HUNDREDTHS.includes(code)) return minorMoney(Math.trunc(amount / 100), code)
  if (WHOLE.includes(code)) return minorMoney(amount * 100, code)
  return minorMoney(amount, code)
}

function dividedBy(minor: bigint, unit: bigint, currency: string): bigint {
  if (minor % unit === 0n) return minor / unit
  throw new PaymentError(
    'invalid_request',
    `Cannot charge through Stripe: an amount of ${currency} has to be a multiple of ${unit} minor units`,
    { provider: 'stripe' },
  )
}
