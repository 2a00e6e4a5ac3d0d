import fc from 'fast-check'
import { expect, test } from 'vitest'
import { money } from '../money/money.ts'
import { billingPeriod, billingPeriodAt, type BillingAnchor } from './billing-period.ts'
import { prorate } from './proration.ts'

const iso = (instant: number): string => new Date(instant).toISOString().replace(':00.000Z', 'Z')
const starts = (anchor: BillingAnchor, count: number): readonly string[] =>
  Array.from({ length: count }, (_, index) => iso(billingPeriod(anchor, index).start))

const DAY_MS = 86_400_000

test('billingPeriod() goes from the 31st to the last of shorter months and back', () => {
  const anchor = { anchor: Date.UTC(2027, 11, 31, 9, 30), interval: { unit: 'month' } } as const
  expect(starts(anchor, 6)).toEqual([
    '2027-12-31T09:30Z',
    '2028-01-31T09:30Z',
    '2028-02-29T09:30Z',
    '2028-03-31T09:30Z',
    '2028-04-30T09:30Z',
    '2028-05-31T09:30Z',
  ])
})

test('billingPeriod() bills 29 February on the 28th, and on the 29th of leap years again', () => {
  const anchor = { anchor: Date.UTC(2024, 1, 29), interval: { unit: 'year' } } as const
  expect(starts(anchor, 5)).toEqual([
    '2024-02-29T00:00Z',
    '2025-02-28T00:00Z',
    '2026-02-28T00:00Z',
    '2027-02-28T00:00Z',
    '2028-02-29T00:00Z',
  ])
})

test('billingPeriod() keeps the time that clocks show, across changes of them', () => {
  const anchor: BillingAnchor = {
    anchor: Date.parse('2026-01-31T23:30:00-05:00'),
    interval: { unit: 'month' },
    timezone: 'America/New_York',
  }
  expect(starts(anchor, 4)).toEqual([
    '2026-02-01T04:30Z',
    '2026-03-01T04:30Z',
    '2026-04-01T03:30Z',
    '2026-05-01T03:30Z',
  ])
  const skipped: BillingAnchor = {
    anchor: Date.parse('2026-02-28T02:30:00+01:00'),
    interval: { unit: 'day', count: 29 },
    timezone: 'Europe/Berlin',
  }
  expect(starts(skipped, 2)[1]).toBe('2026-03-29T01:30Z')
})

test('billingPeriodAt() finds the one period that holds an instant, in every zone', () => {
  const anchors = fc.record({
    anchor: fc.integer({ min: 0, max: 1_900_000_000 }).map((seconds) => seconds * 1000),
    interval: fc.record({
      unit: fc.constantFrom('day' as const, 'week' as const, 'month' as const, 'year' as const),
      count: fc.integer({ min: 1, max: 13 }),
    }),
    timezone: fc.constantFrom('UTC', 'Europe/Berlin', 'Pacific/Apia', 'America/St_Johns'),
  })
  fc.assert(
    fc.property(anchors, fc.integer({ min: 0, max: 3_000_000_000 }), (anchor, seconds) => {
      const at = seconds * 1000
      const period = billingPeriodAt(anchor, at)
      if (at < anchor.anchor) expect(period).toBeNull()
      else expect((period?.start ?? 0) <= at && at < (period?.end ?? 0)).toBe(true)
    }),
    { numRuns: 60 },
  )
})

test('billingPeriod() refuses what is out of range', () => {
  const good = { anchor: 0, interval: { unit: 'month' } } as const
  for (const index of [-1, 1.5, NaN, 100_001])
    expect(() => billingPeriod(good, index)).toThrow(RangeError)
  expect(() => billingPeriod({ ...good, anchor: NaN }, 0)).toThrow(RangeError)
  expect(() => billingPeriod({ ...good, interval: { unit: 'month', count: 0 } }, 1)).toThrow(
    RangeError,
  )
  const unit = 'fortnight' as 'week'
  expect(() => billingPeriod({ ...good, interval: { unit } }, 1)).toThrow(RangeError)
  expect(() => billingPeriod({ ...good, timezone: 'Mars/Base' }, 1)).toThrow(RangeError)
})

test('prorate() splits a price so that no millisecond is paid twice or not at all', () => {
  const price = fc.bigInt({ min: 0n, max: 10_000_000n })
  fc.assert(
    fc.property(price, price, fc.nat(2_678_400_000), (before, after, changeAt) => {
      const from = { minor: before, currency: 'EUR' }
      const to = { minor: after, currency: 'EUR' }
      const period = { periodStart: 0, periodEnd: 2_678_400_000, changeAt }
      const { credit, charge, due } = prorate({ from, to, ...period })
      expect(credit.minor >= 0n && credit.minor <= before).toBe(true)
      expect(charge.minor >= 0n && charge.minor <= after).toBe(true)
      expect(due.minor).toBe(charge.minor - credit.minor)
      // There and back again at the same instant costs nothing.
      const back = prorate({ from: to, to: from, ...period })
      expect(due.minor + back.due.minor).toBe(0n)
    }),
  )
})

test('prorate() knows the whole, the half and nothing', () => {
  const change = { from: money('10.00', 'EUR'), to: money('20.00', 'EUR') }
  const due = (changeAt: number): string =>
    prorate({ ...change, periodStart: 0, periodEnd: 1000, changeAt }).due.toJSON().amount
  expect([-5, 0, 500, 1000, 2000].map(due)).toEqual(['10.00', '10.00', '5.00', '0.00', '0.00'])
  const down = prorate({
    from: change.to,
    to: change.from,
    periodStart: 0,
    periodEnd: 3,
    changeAt: 1,
  })
  expect(down.due.toJSON().amount).toBe('-6.66')
  expect(() => prorate({ ...change, periodStart: 5, periodEnd: 5, changeAt: 5 })).toThrow(
    RangeError,
  )
})

test('what lies beyond all periods is refused, not taken for the last of them', () => {
  const daily = { anchor: 0, interval: { unit: 'day' } } as const
  expect(billingPeriodAt(daily, 99_999 * DAY_MS)?.index).toBe(99_999)
  expect(() => billingPeriodAt(daily, 100_000 * DAY_MS)).toThrow(RangeError)
  expect(() => billingPeriodAt(daily, 8.64e15)).toThrow(RangeError)
  const yearly = { anchor: 0, interval: { unit: 'year', count: 1000 } } as const
  expect(() => billingPeriod(yearly, 1000)).toThrow('beyond the years that there are')
})

test('prorate() refuses prices below 0 and options that it does not know', () => {
  const change = { periodStart: 0, periodEnd: 10, changeAt: 5 }
  const price = money('1.00', 'EUR')
  expect(() => prorate({ from: money('-1.00', 'EUR'), to: price, ...change })).toThrow(RangeError)
  expect(() => prorate({ from: price, to: price, ...change, roundng: 'up' } as never)).toThrow(
    'roundng',
  )
})
