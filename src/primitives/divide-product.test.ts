import fc from 'fast-check'
import { expect, test } from 'vitest'
import { divideProduct } from './divide-product.ts'

const whole = fc.integer({ min: -Number.MAX_SAFE_INTEGER, max: Number.MAX_SAFE_INTEGER })

test('divideProduct() rounds down and loses nothing, however large the product', () => {
  fc.assert(
    fc.property(whole, fc.maxSafeNat(), fc.maxSafeNat(), (a, b, least) => {
      const c = Math.max(least, 1)
      const quotient = divideProduct(a, Math.min(b, c), c)
      const rest = BigInt(a) * BigInt(Math.min(b, c)) - BigInt(quotient) * BigInt(c)
      expect(rest >= 0n && rest < BigInt(c)).toBe(true)
    }),
  )
})

test('divideProduct() divides what lies just below and on a whole number', () => {
  expect(divideProduct(9_007_199_254_740_991, 1, 3)).toBe(3_002_399_751_580_330)
  expect([divideProduct(5, 3, 4), divideProduct(-5, 3, 4), divideProduct(8, 1, 4)]).toEqual([
    3, -4, 2,
  ])
  expect(divideProduct(-9_007_199_254_740_991, 2, 4)).toBe(-4_503_599_627_370_496)
})
