import { expect, test } from 'vitest'
import { createGivenOptions, type GivenOptions } from './given-options.ts'

const NOW = Date.parse('2026-03-01T12:00:00Z')
const given = (...values: readonly string[]): GivenOptions =>
  createGivenOptions(new Map([['since', values]]), NOW)

test.each([
  ['2h', NOW - 7_200_000],
  ['2026-03-01', Date.parse('2026-03-01')],
  ['2026-03-01T10:00:00+02:00', Date.parse('2026-03-01T08:00:00Z')],
  ['1700000000000', 1_700_000_000_000],
])('instant() reads %s', (text, at) => {
  expect(given(text).instant('since')).toBe(at)
})

test.each(['yesterday', '-1', '1.5', '2026-13-01', 'NaN', '1e3', '0x10', ' 1'])(
  'what is %j is no moment, no number and no duration',
  (text) => {
    expect(() => given(text).instant('since')).toThrow('Cannot use --since: 2h for two hours ago')
    expect(() => given(text).integer('since', 0, 100)).toThrow('a whole number from 0 to 100')
    expect(() => given(text).duration('since', 0, 1e9)).toThrow('a number with its unit expected')
  },
)

test('options are read in their bounds, once, or not at all', () => {
  expect([given('7').integer('since', 1, 7), given().integer('since', 1, 7)]).toEqual([
    7,
    undefined,
  ])
  expect(() => given('8').integer('since', 1, 7)).toThrow('from 1 to 7')
  expect(given('5m').duration('since', 0, 300_000)).toBe(300_000)
  expect(() => given('6m').duration('since', 0, 300_000)).toThrow('in its bounds')
  expect(given('b').choice('since', ['a', 'b'])).toBe('b')
  expect(() => given('c').choices('since', ['a', 'b'])).toThrow('one of a, b expected')
  expect(() => given('a', 'a').text('since')).toThrow('it is there twice, once expected')
})
