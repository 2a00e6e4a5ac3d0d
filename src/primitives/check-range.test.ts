import { expect, test } from 'vitest'
import { checkDuration, checkInteger, checkNumber } from './check-range.ts'
import type { Duration } from './duration.ts'

test('checkInteger() answers integers within the range', () => {
  expect([1, 5, 10].map((value) => checkInteger('count', 'limit', value, 1, 10))).toEqual([
    1, 5, 10,
  ])
})

test.for([0, 11, 1.5, NaN, Infinity, -Infinity, '5', null, undefined, 5n, {}, [5], true])(
  'checkInteger() refuses %s',
  (value) => {
    expect(() => checkInteger('count', 'limit', value, 1, 10)).toThrow(RangeError)
    expect(() => checkInteger('count', 'limit', value, 1, 10)).toThrow(/^Cannot count: limit is /)
  },
)

test('checkNumber() takes fractions, and refuses what is no number of the range', () => {
  expect(checkNumber('wait', 'jitter', 0.5, 0, 1)).toBe(0.5)
  for (const value of [-0.1, 1.1, NaN, '0.5', null])
    expect(() => checkNumber('wait', 'jitter', value, 0, 1)).toThrow(RangeError)
})

test('checkDuration() reads durations and says which option is wrong', () => {
  expect(checkDuration('wait', 'lease', '30s', 0, 60_000)).toBe(30_000)
  expect(checkDuration('wait', 'lease', '1.5s', 0, 60_000)).toBe(1500)
  expect(() => checkDuration('wait', 'lease', '2m', 0, 60_000)).toThrow(
    'Cannot wait: lease is 120000 ms, 0 to 60000 ms expected',
  )
  for (const [bad, shown] of [
    ['soon', '"soon"'],
    [1.4, '1.4'],
    [NaN, 'NaN'],
    [Infinity, 'Infinity'],
    [-1, '-1'],
    [null, 'null'],
    [{}, 'a object'],
  ] as [Duration, string][])
    expect(() => checkDuration('wait', 'lease', bad, 0, 60_000)).toThrow(
      `Cannot wait: lease is ${shown}, a duration such as 500, '30s' or '1h' expected`,
    )
})
