import { expect, test } from 'vitest'
import { createSeededRandom } from '../testing/index.ts'
import { instantOfWallTime, timeZone } from './time-zone.ts'

const HOUR_MS = 3_600_000

test('timeZone() finds the changes of a year, and the offsets around them', () => {
  const zone = timeZone('America/New_York')
  const spring = Date.UTC(2026, 2, 8, 7)
  const autumn = Date.UTC(2026, 10, 1, 6)
  const [winter, summer] = [-5 * HOUR_MS, -4 * HOUR_MS]
  expect(zone.nextChange(Date.UTC(2026, 0), Date.UTC(2027, 0))).toEqual({
    at: spring,
    before: winter,
    after: summer,
  })
  expect(zone.nextChange(spring, Date.UTC(2027, 0))).toEqual({
    at: autumn,
    before: summer,
    after: winter,
  })
  expect(zone.nextChange(autumn, Date.UTC(2027, 0))).toBeNull()
  expect([spring - 1, spring, autumn - 1, autumn].map(zone.offsetAt)).toEqual([
    winter,
    summer,
    summer,
    winter,
  ])
})

test('nextChange() is open at its beginning and closed at its end', () => {
  const zone = timeZone('Europe/Berlin')
  const at = Date.UTC(2026, 2, 29, 1)
  expect(zone.nextChange(at - 1, at)?.at).toBe(at)
  expect(zone.nextChange(at - 2, at - 1)).toBeNull()
  expect(zone.nextChange(at, at + HOUR_MS)).toBeNull()
})

test('timeZone() knows the two changes that came closest, a week apart', () => {
  const zone = timeZone('America/Noronha')
  const october = Date.UTC(2000, 9, 1)
  const first = zone.nextChange(october, Date.UTC(2000, 11))?.at ?? 0
  const second = zone.nextChange(first, Date.UTC(2000, 11))?.at ?? 0
  expect([first, second]).toEqual([Date.UTC(2000, 9, 8, 2), Date.UTC(2000, 9, 15, 1)])
})

test('timeZone() knows offsets with seconds', () => {
  const zone = timeZone('Africa/Monrovia')
  expect(zone.offsetAt(0)).toBe(-2670 * 1000)
  expect(zone.nextChange(0, Date.UTC(1973, 0))?.at).toBe(Date.UTC(1972, 0, 7, 0, 44, 30))
})

test('timeZone() knows every zone it has known before, when many are used', () => {
  const names = Intl.supportedValuesOf('timeZone')
  const offsets = (): number[] => names.map((name) => timeZone(name).offsetAt(Date.UTC(2026, 6)))
  expect(names.length).toBeGreaterThan(400)
  expect(offsets()).toEqual(offsets())
})

test('instantOfWallTime() puts skipped times forward, and takes the first of two', () => {
  const berlin = timeZone('Europe/Berlin')
  const instant = (...wall: Parameters<typeof Date.UTC>): string =>
    new Date(instantOfWallTime(berlin, Date.UTC(...wall))).toISOString()
  expect(instant(2026, 0, 15, 12)).toBe('2026-01-15T11:00:00.000Z')
  expect(instant(2026, 2, 29, 1, 59, 59)).toBe('2026-03-29T00:59:59.000Z')
  expect(instant(2026, 2, 29, 2, 30)).toBe('2026-03-29T01:30:00.000Z')
  expect(instant(2026, 2, 29, 3)).toBe('2026-03-29T01:00:00.000Z')
  expect(instant(2026, 9, 25, 2, 30)).toBe('2026-10-25T00:30:00.000Z')
  expect(instant(2026, 9, 25, 3)).toBe('2026-10-25T02:00:00.000Z')
})

test('instantOfWallTime() gives back an instant that shows the time, unless none does', () => {
  const names = Intl.supportedValuesOf('timeZone')
  const random = createSeededRandom(7)
  for (let index = 0; index < 4000; index++) {
    const zone = timeZone(names[index % names.length] ?? 'UTC')
    const instant = Math.floor(random.fraction() * 1_900_000_000) * 1000
    const found = instantOfWallTime(zone, instant + zone.offsetAt(instant))
    expect(found + zone.offsetAt(found)).toBe(instant + zone.offsetAt(instant))
    expect(found).toBeLessThanOrEqual(instant)
  }
})

test.for(['', 'Mars/Base', 'Europe/Berlin ', 'x'.repeat(65), 5, null])(
  'timeZone() refuses %s',
  (name) => {
    expect(() => timeZone(name as string)).toThrow(RangeError)
  },
)
