import fc from 'fast-check'
import { expect, test } from 'vitest'
import { durationMs, type Duration } from './duration.ts'

test('durationMs() reads a number with its unit', () => {
  const read: [Duration, number][] = [
    ['500ms', 500],
    ['30s', 30_000],
    ['30 s', 30_000],
    ['5m', 300_000],
    ['2h', 7_200_000],
    ['1d', 86_400_000],
    ['1.5h', 5_400_000],
    ['0s', 0],
    ['0.1ms', 0],
    [250, 250],
    [0.5, 1],
    [0, 0],
  ]
  for (const [duration, ms] of read) expect(durationMs(duration)).toBe(ms)
})

test('durationMs() refuses what is negative, not finite, too long or written otherwise', () => {
  const refused = [
    -1,
    NaN,
    Infinity,
    2 ** 53,
    '-5s',
    '1e3s',
    '5',
    '',
    's',
    ' 5s',
    '5  s',
    '5S',
    '5s\n',
    '.5s',
    '5.s',
    '5m30s',
    '1w',
    '0x10s',
    '٥s',
    `${'9'.repeat(39)}d`,
    `${'0'.repeat(100)}1s`,
    undefined,
    null,
    {},
    true,
  ]
  for (const duration of refused)
    expect(() => durationMs(duration as Duration), JSON.stringify(duration)).toThrow(RangeError)
})

test('durationMs() of a whole number of units is that number times the unit, for any', () => {
  fc.assert(
    fc.property(fc.nat({ max: 100_000_000 }), (count) => {
      expect(durationMs(`${count}s`)).toBe(count * 1000)
      expect(durationMs(`${count}ms`)).toBe(durationMs(count))
    }),
  )
})
