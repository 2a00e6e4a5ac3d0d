import { expect, test } from 'vitest'
import { createFakeClock } from '../../../testing/fake-clock.ts'
import { createBudget } from './budget.ts'
import { createVendorLoads } from './vendor-loads.ts'

test('createBudget() lets so many through at once, then one by one, and gets back what was authentic', () => {
  const budget = createBudget(3, 1000)
  const taken = (now: number, tries = 5): number =>
    Array.from({ length: tries }, () => budget.take(now)).filter(Boolean).length
  expect(taken(0)).toBe(3)
  expect(taken(999)).toBe(0)
  expect(taken(1000)).toBe(1)
  expect(taken(3500)).toBe(2)
  expect(taken(1_000_000)).toBe(3)
  budget.giveBack()
  expect(taken(1_000_000)).toBe(1)
  for (let times = 0; times < 10; times++) budget.giveBack()
  expect(taken(1_000_000)).toBe(3)
  // A clock that was put back stops nothing for as long as it was put back.
  expect(taken(0)).toBe(0)
  expect(taken(2000)).toBe(2)
})

test('createVendorLoads() loads once for all, uses the result for 5 s, good or bad, and then loads again', async () => {
  const clock = createFakeClock(0)
  const loads = createVendorLoads<number>(clock, createBudget(10, 1000))
  let count = 0
  const load = async (): Promise<number> => {
    if (++count > 1) throw new Error('gone')
    return count
  }
  expect(await Promise.all(Array.from({ length: 5 }, () => loads('a', 0, { load })))).toEqual([
    1, 1, 1, 1, 1,
  ])
  expect(await loads('a', 4999, { load })).toBe(1)
  await expect(loads('a', 5000, { load })).rejects.toThrow('gone')
  await expect(loads('a', 9999, { load })).rejects.toThrow('gone')
  expect(count).toBe(2)
  // So that a clock put back does not hold a result for long.
  await expect(loads('a', -1000, { load })).rejects.toThrow('gone')
  expect(count).toBe(3)
})

test('createVendorLoads() begins no more than the budget allows, but for what is known', async () => {
  const loads = createVendorLoads<string>(createFakeClock(0), createBudget(2, 1000))
  const begun: string[] = []
  const ask = (key: string, isKnown?: boolean) =>
    loads(key, 0, {
      load: async () => {
        begun.push(key)
        return key
      },
      ...(isKnown !== undefined && { isKnown }),
    })
  expect(await ask('a')).toBe('a')
  expect(await ask('b')).toBe('b')
  await expect(ask('c')).rejects.toMatchObject({ code: 'key_unavailable', status: 503 })
  expect(await ask('a')).toBe('a')
  expect(await ask('d', true)).toBe('d')
  expect(begun).toEqual(['a', 'b', 'd'])
})

test('createVendorLoads() does not wait for longer than 5 s for a load that another request began and left', async () => {
  const clock = createFakeClock(0)
  const loads = createVendorLoads<string>(clock, createBudget(10, 1000))
  const left = { load: () => new Promise<string>(() => undefined) }
  const waiting = [loads('a', 0, left), loads('a', 1000, left)].map((one) =>
    expect(one).rejects.toMatchObject({ code: 'key_unavailable' }),
  )
  await clock.advance(5000)
  await Promise.all(waiting)
  expect(await loads('a', 5000, { load: async () => 'b' })).toBe('b')
})
