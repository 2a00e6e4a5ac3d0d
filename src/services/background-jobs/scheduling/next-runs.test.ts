import { expect, test } from 'vitest'
import { nextRuns } from './next-runs.ts'

test('nextRuns() lists runs in the time zone', () => {
  expect(nextRuns('0 9 * * 1-5', 3, 'Europe/Berlin', Date.UTC(2026, 2, 26, 12))).toEqual([
    Date.UTC(2026, 2, 27, 8),
    Date.UTC(2026, 2, 30, 7),
    Date.UTC(2026, 2, 31, 7),
  ])
})

test('nextRuns() lists fewer, when the year 9999 ends them', () => {
  expect(nextRuns('0 0 1 1 *', 5, 'UTC', Date.UTC(9997, 6))).toHaveLength(2)
})

test('nextRuns() throws RangeError, when count is out of range', () => {
  for (const count of [0, 1001, 1.5, NaN])
    expect(() => nextRuns('@daily', count, 'UTC', 0)).toThrow(RangeError)
})
