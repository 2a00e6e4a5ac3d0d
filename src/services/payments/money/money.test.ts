import fc from 'fast-check'
import { expect, test } from 'vitest'
import { CURRENCIES, currencyDecimals } from './currency.ts'
import {
  allocateMoney,
  convertMoney,
  divideRounded,
  multiplyMoney,
  ratio,
  type Rounding,
} from './divide-money.ts'
import {
  addMoney,
  compareMoney,
  minorMoney,
  money,
  readMoney,
  subtractMoney,
  type MoneyJson,
} from './money.ts'

const currency = fc.constantFrom(...CURRENCIES)
const minor = fc.bigInt({ min: -999_999_999_999_999n, max: 999_999_999_999_999n })

test('money() reads minor units of every kind of currency', () => {
  expect(money('49.90', 'EUR').minor).toBe(4990n)
  expect(money('49.9', 'eur').minor).toBe(4990n)
  expect(money('-0.01', 'USD').minor).toBe(-1n)
  expect(money('500', 'JPY').minor).toBe(500n)
  expect(money('1.234', 'KWD').minor).toBe(1234n)
  expect(money('1.2345', 'CLF').minor).toBe(12_345n)
  expect(money('0', 'EUR').minor).toBe(0n)
  expect(CURRENCIES.length).toBeGreaterThan(155)
})

test.for([
  ['49.901', 'EUR'],
  ['1.5', 'JPY'],
  ['1,50', 'EUR'],
  ['1.', 'EUR'],
  ['.5', 'EUR'],
  ['+1', 'EUR'],
  ['1e3', 'EUR'],
  ['', 'EUR'],
  [' 1', 'EUR'],
  ['١', 'EUR'],
  ['9999999999999999', 'EUR'],
  ['1', 'XXX'],
  ['1', 'EURO'],
  ['1', 'XAU'],
] as const)('money(%s, %s) is refused', ([amount, code]) => {
  expect(() => money(amount, code)).toThrow(RangeError)
})

test('money() refuses numbers, whatever plain JavaScript gives', () => {
  expect(() => money(49.9 as unknown as string, 'EUR')).toThrow(TypeError)
  expect(() => minorMoney(1.5, 'EUR')).toThrow(RangeError)
  expect(() => minorMoney(NaN, 'EUR')).toThrow(RangeError)
  expect(() => minorMoney('5' as unknown as number, 'EUR')).toThrow(RangeError)
  expect(() => minorMoney(2 ** 53, 'EUR')).toThrow(RangeError)
  expect(() => readMoney(null as never)).toThrow(TypeError)
})

test('money survives JSON and structured clones, in every currency', () => {
  fc.assert(
    fc.property(minor, currency, (units, code) => {
      const amount = minorMoney(units, code)
      const text = JSON.stringify(amount)
      const read = readMoney(JSON.parse(text) as MoneyJson)
      expect(read).toEqual(amount)
      expect(readMoney(structuredClone({ ...amount })).minor).toBe(units)
      expect(amount.toJSON().amount).toMatch(
        currencyDecimals(code) === 0 ? /^-?\d+$/ : /^-?\d+\.\d+$/,
      )
    }),
  )
})

test('addMoney(), subtractMoney() and compareMoney() refuse to mix currencies', () => {
  const euro = money('1', 'EUR')
  const dollar = money('1', 'USD')
  expect(addMoney(euro, euro, euro).minor).toBe(300n)
  expect(subtractMoney(euro, money('1.50', 'EUR')).minor).toBe(-50n)
  expect(compareMoney(euro, money('0.99', 'EUR'))).toBe(1)
  for (const mix of [addMoney, subtractMoney, compareMoney])
    expect(() => mix(euro, dollar)).toThrow(RangeError)
})

test('allocateMoney() loses nothing, and no part is a unit away from its share', () => {
  const weights = fc.array(fc.integer({ min: 0, max: 10_000 }), { minLength: 1, maxLength: 30 })
  fc.assert(
    fc.property(minor, weights, (units, shares) => {
      fc.pre(shares.some((share) => share > 0))
      const total = minorMoney(units, 'EUR')
      const parts = allocateMoney(total, shares)
      const sum = BigInt(shares.reduce((all, share) => all + share, 0))
      expect(parts.reduce((all, part) => all + part.minor, 0n)).toBe(units)
      parts.forEach((part, index) => {
        const off = part.minor * sum - units * BigInt(shares[index] ?? 0)
        expect(off < sum && off > -sum).toBe(true)
      })
    }),
  )
  const parts = allocateMoney(money('10.00', 'EUR'), [1, 1, 1]).map((part) => part.toJSON().amount)
  expect(parts).toEqual(['3.34', '3.33', '3.33'])
  expect(allocateMoney(money('-0.05', 'EUR'), [70, 30]).map((part) => part.minor)).toEqual([
    -4n,
    -1n,
  ])
  expect(() => allocateMoney(money('1', 'EUR'), [])).toThrow(RangeError)
  expect(() => allocateMoney(money('1', 'EUR'), [0, 0])).toThrow(RangeError)
  expect(() => allocateMoney(money('1', 'EUR'), [1, -1])).toThrow(RangeError)
  expect(() => allocateMoney(money('1', 'EUR'), [0.5])).toThrow(RangeError)
})

test('divideRounded() rounds the middle as told, on both sides of zero', () => {
  const rounded = (value: bigint): Record<Rounding, bigint> => ({
    'half-even': divideRounded(value, 10n, 'half-even'),
    'half-up': divideRounded(value, 10n, 'half-up'),
    down: divideRounded(value, 10n, 'down'),
    up: divideRounded(value, 10n, 'up'),
  })
  expect(rounded(25n)).toEqual({ 'half-even': 2n, 'half-up': 3n, down: 2n, up: 3n })
  expect(rounded(35n)).toEqual({ 'half-even': 4n, 'half-up': 4n, down: 3n, up: 4n })
  expect(rounded(-25n)).toEqual({ 'half-even': -2n, 'half-up': -3n, down: -2n, up: -3n })
  expect(rounded(-21n)).toEqual({ 'half-even': -2n, 'half-up': -2n, down: -2n, up: -3n })
})

test('multiplyMoney() and convertMoney() are exact but for one rounding', () => {
  expect(multiplyMoney(money('49.90', 'EUR'), ratio('0.19'), 'half-up').minor).toBe(948n)
  expect(convertMoney(money('10.00', 'EUR'), 'JPY', ratio('161.53')).minor).toBe(1615n)
  expect(convertMoney(money('1000', 'JPY'), 'KWD', ratio('0.002034')).minor).toBe(2034n)
  expect(() => convertMoney(money('1', 'EUR'), 'USD', ratio('0'))).toThrow(RangeError)
  expect(() => ratio('1e3')).toThrow(RangeError)
})

test('money out of JSON is read wherever money is taken, and what is none is a TypeError', () => {
  const json = { amount: '10.00', currency: 'EUR' } as never
  expect(addMoney(json, json).minor).toBe(2000n)
  expect(subtractMoney(json, json).minor).toBe(0n)
  expect(compareMoney(json, json)).toBe(0)
  expect(multiplyMoney(json, ratio('0.5')).minor).toBe(500n)
  expect(convertMoney(json, 'JPY', ratio('160')).minor).toBe(1600n)
  expect(allocateMoney(json, [1, 1]).map(({ minor: units }) => units)).toEqual([500n, 500n])
  for (const none of [null, 10, '10.00', {}, { minor: 1n }])
    expect(() => allocateMoney(none as never, [1])).toThrow(TypeError)
  const holed: number[] = [1]
  holed[2] = 1
  expect(() => allocateMoney(json, holed)).toThrow('a weight is no whole number')
})
