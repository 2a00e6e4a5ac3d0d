import { expect, test } from 'vitest'
import { memory } from '../../../runtime/backends/memory/index.ts'
import { createFakeClock } from '../../../testing/fake-clock.ts'
import type { QuotasOptions, QuotaThresholdEvent } from './quota-options.ts'
import { Quotas } from './quotas.ts'

function fixture(plans: QuotasOptions['plans'], start = Date.UTC(2026, 0, 31, 22)) {
  const clock = createFakeClock(start)
  const events: QuotaThresholdEvent[] = []
  const quotas = new Quotas({
    ...{ backend: memory({ clock }), plans },
    onQuotaThreshold: (event) => void events.push(event),
  })
  return { clock, quotas, events }
}

test('consume() uses all units or none, and begins anew with the month of the place', async () => {
  const { quotas, clock } = fixture({
    free: {
      requests: { limit: 3, period: 'month', timeZone: 'Europe/Berlin' },
      tokens: { limit: 100, period: 'day', timeZone: 'Europe/Berlin' },
    },
  })
  const use = (tokens: number) => quotas.consume('org', { units: { requests: 1, tokens } })
  const first = await use(60)
  expect(first).toMatchObject({ allowed: true, exceeded: [], usage: { requests: { used: 1 } } })
  expect(first.usage['requests']).toEqual({
    ...{ used: 1, limit: 3, remaining: 2 },
    periodStart: Date.UTC(2025, 11, 31, 23),
    periodEnd: Date.UTC(2026, 0, 31, 23),
  })
  const second = await use(41)
  expect(second).toMatchObject({ allowed: false, exceeded: ['tokens'], retryAfterMs: 3_600_000 })
  expect((await quotas.usage('org'))['requests']?.used).toBe(1)
  expect((await use(40)).allowed).toBe(true)
  await clock.advance(3_599_999)
  expect((await use(1)).allowed).toBe(false)
  await clock.advance(1)
  expect(await use(1)).toMatchObject({
    allowed: true,
    usage: { requests: { used: 1 }, tokens: { used: 1 } },
  })
  await quotas.reset('org')
  expect((await quotas.usage('org'))['tokens']?.used).toBe(0)
})

test('reserve() sets aside, commit() corrects both ways, refund() gives back, each once', async () => {
  const { quotas } = fixture({ free: { tokens: { limit: 1000, period: 'day' } } })
  const reserved = await quotas.reserve('k', { units: { tokens: 600 } })
  expect((await quotas.consume('k', { units: { tokens: 500 } })).allowed).toBe(false)
  const { operation } = reserved
  const used = async () => (await quotas.usage('k'))['tokens']?.used
  expect((await quotas.commit('k', { operation, units: { tokens: 250 } }))?.['tokens']?.used).toBe(
    250,
  )
  expect(await used()).toBe(250)
  await quotas.commit('k', { operation, units: { tokens: 900 } })
  expect(await used()).toBe(900)
  await quotas.refund('k', { operation, units: { tokens: 0 } })
  expect(await used()).toBe(0)
  expect(await quotas.refund('k', { operation, units: { tokens: 0 } })).toBeNull()
  const denied = await quotas
    .reserve('k', { units: { tokens: 1000 } })
    .then(() => quotas.reserve('k', { units: { tokens: 1 } }))
  expect([denied.allowed, denied.operation]).toEqual([false, null])
})

test('onQuotaThreshold hears of each share once a period, however many ask at once', async () => {
  const { quotas, events, clock } = fixture({
    free: { calls: { limit: 100, period: 'day', thresholds: [1, 0.5, 0.07] } },
  })
  await Promise.all(Array.from({ length: 150 }, () => quotas.consume('k', { units: { calls: 1 } })))
  expect(events.map(({ threshold, used }) => [threshold, used])).toEqual([
    [0.07, 7],
    [0.5, 50],
    [1, 100],
  ])
  expect(events[0]).toEqual({
    ...{ key: 'k', plan: 'free', unit: 'calls', threshold: 0.07, used: 7, limit: 100 },
  })
  await clock.advance(86_400_000)
  await quotas.consume('k', { units: { calls: 60 } })
  expect(events.slice(3).map(({ threshold }) => threshold)).toEqual([0.07, 0.5])
})

test('plans share what was used, so that going up gives room and going down takes none away', async () => {
  const { quotas } = fixture({
    free: { calls: { limit: 2, period: 'month' } },
    pro: { calls: { limit: 10, period: 'month' } },
  })
  const use = async (plan: string) =>
    (await quotas.consume('k', { plan, units: { calls: 1 } })).usage['calls']?.remaining
  expect([await use('free'), await use('free'), await use('free')]).toEqual([1, 0, 0])
  expect([await use('pro'), await use('pro')]).toEqual([7, 6])
  expect((await quotas.usage('k', { plan: 'free' }))['calls']).toMatchObject({
    used: 2,
    remaining: 0,
  })
  expect((await quotas.usage('k', { plan: 'pro' }))['calls']).toMatchObject({ used: 4 })
})

test('a rolling quota moves along with time', async () => {
  const { quotas, clock } = fixture({ free: { calls: { limit: 10, rolling: '30d' } } }, 0)
  await quotas.consume('k', { units: { calls: 10 } })
  await clock.advance(45 * 86_400_000)
  expect((await quotas.usage('k'))['calls']).toEqual({
    ...{ used: 5, limit: 10, remaining: 5, periodStart: null, periodEnd: null },
  })
})

test('what is wrong is said: of plans when they are made, of requests when they are', async () => {
  const wrong: readonly [unknown, string][] = [
    [{}, 'plans has 0 entries'],
    [{ free: {} }, '"free" has 0 entries'],
    [{ free: { a: { limit: 1 } } }, 'period is missing'],
    [{ free: { a: { limit: 1, period: 'decade' } } }, 'period is "decade"'],
    [{ free: { a: { limit: 1, period: 'day', timeZone: 'Mars/Olympus' } } }, 'Mars/Olympus'],
    [{ free: { a: { limit: 1, period: 'day', monthDay: 3 } } }, 'monthDay means nothing'],
    [{ free: { a: { limit: 1, period: 'month', monthDay: 32 } } }, 'monthDay is 32'],
    [{ free: { a: { limit: 1, period: 'day', thresholds: [0] } } }, 'a threshold is 0'],
    [{ free: { a: { limit: 1, period: 'day', thresholds: [1.1] } } }, 'a threshold is 1.1'],
    [{ free: { a: { limit: 1.5, period: 'day' } } }, 'limit is 1.5'],
    [{ free: { a: { limit: 1, rolling: '1d', period: 'day' } } }, '"period" is not known'],
    [{ free: { 'a b': { limit: 1, period: 'day' } } }, 'a unit is malformed'],
  ]
  for (const [plans, message] of wrong)
    expect(() => fixture(plans as QuotasOptions['plans']), message).toThrow(message)
  const { quotas } = fixture({
    free: { calls: { limit: 5, period: 'day' } },
    pro: { calls: { limit: 9, period: 'day' } },
  })
  await expect(quotas.consume('k', { units: { calls: 1 } })).rejects.toThrow('the plan is missing')
  await expect(quotas.usage('k', { plan: 'gold' })).rejects.toThrow('the plan is not known')
  const plan = 'free'
  await expect(quotas.consume('k', { plan, units: {} })).rejects.toThrow('units has none')
  await expect(quotas.consume('k', { plan, units: { mails: 1 } })).rejects.toThrow(
    'not of the plan',
  )
  await expect(quotas.consume('k', { plan, units: { calls: 6 } })).rejects.toBeInstanceOf(
    RangeError,
  )
  await expect(quotas.commit('k', { plan, operation: null, units: { calls: 1 } })).rejects.toThrow(
    'there is no operation',
  )
})
