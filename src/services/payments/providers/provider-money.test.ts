import { expect, test } from 'vitest'
import { CURRENCIES } from '../money/currency.ts'
import { minorMoney, money } from '../money/money.ts'
import { moneyFromPaypal, paypalAmount } from './paypal/paypal-money.ts'
import { moneyFromStripe, stripeAmount } from './stripe/stripe-money.ts'

test('stripeAmount() writes each kind of currency as Stripe wants it, and back', () => {
  const written = [
    ['49.90', 'EUR', 4990],
    ['500', 'JPY', 500],
    ['500', 'ISK', 50_000],
    ['700', 'UGX', 70_000],
    ['3.00', 'MGA', 3],
    ['1.230', 'KWD', 1230],
    ['10.00', 'HUF', 1000],
    ['5', 'XPF', 5],
  ] as const
  for (const [amount, currency, stripes] of written) {
    expect(stripeAmount(money(amount, currency)), currency).toBe(stripes)
    expect(moneyFromStripe(stripes, currency.toLowerCase()).toJSON().amount, currency).toBe(amount)
  }
})

test('stripeAmount() refuses what Stripe would round', () => {
  for (const [amount, currency] of [
    ['1.234', 'KWD'],
    ['0.001', 'BHD'],
    ['3.50', 'MGA'],
  ] as const)
    expect(() => stripeAmount(money(amount, currency))).toThrow('multiple of')
})

test('paypalAmount() writes no decimals where PayPal takes none', () => {
  expect(paypalAmount(money('49.90', 'EUR'))).toEqual({ currency_code: 'EUR', value: '49.90' })
  expect(paypalAmount(money('500', 'JPY'))).toEqual({ currency_code: 'JPY', value: '500' })
  expect(paypalAmount(money('1200.00', 'HUF'))).toEqual({ currency_code: 'HUF', value: '1200' })
  expect(paypalAmount(money('30.00', 'TWD'))).toEqual({ currency_code: 'TWD', value: '30' })
  expect(() => paypalAmount(money('1200.50', 'HUF'))).toThrow('without decimals')
})

test('every currency comes back from PayPal as it was written', () => {
  for (const currency of CURRENCIES) {
    const amount = minorMoney(120_000n, currency)
    expect(moneyFromPaypal(paypalAmount(amount))).toEqual(amount)
  }
  expect(moneyFromPaypal({ currency_code: 'JPY', value: '500.00' })).toEqual(money('500', 'JPY'))
  expect(moneyFromPaypal({ currency_code: 'XXX', value: '1' })).toBeNull()
})
