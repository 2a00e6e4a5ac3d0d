import { expect, test } from 'vitest'
import { createFakeClock, createSeededRandom } from '../../../testing/index.ts'
import { checkRateLimits } from '../../ports/rate-limit-store/check-rate-limits.ts'
import { rateLimitStoreLaws } from '../../ports/rate-limit-store/rate-limit-store.conformance.ts'
import type {
  LocalRateLimits,
  RateLimit,
  RateLimitDecision,
  RateLimitStore,
} from '../../ports/rate-limit-store/rate-limit-store.ts'
import type { PreparedRateLimits } from '../../ports/rate-limit-store/read-rate-limit.ts'
import { memoryRateLimits } from './memory-rate-limits.ts'

const PREFIX = 'rate:'
const clock = createFakeClock()

function localOf(maxSubjects = 1000): LocalRateLimits {
  const { local } = memoryRateLimits({ clock, maxSubjects })
  if (local === undefined) throw new Error('It is kept in this process')
  return local
}

function prepared(...limits: readonly RateLimit[]): PreparedRateLimits {
  return { asked: limits, full: checkRateLimits('s', limits) }
}

function oneOf(local: LocalRateLimits, subject: string, limit: RateLimit): RateLimitDecision {
  const [full] = prepared(limit).full
  if (full === undefined) throw new Error('One limit was given')
  return local.consumeOne(subject, full, local.now())
}

const hourly: RateLimit = { algorithm: 'gcra', name: 'hourly', limit: 100, windowMs: 3_600_000 }

/** The store, asked through what one service sees of it, so that laws meet both. */
function seenWithin(): RateLimitStore {
  const local = localOf()
  const inner = local.within(PREFIX)
  const whole = (limits: readonly RateLimit[]): PreparedRateLimits =>
    prepared(
      ...limits.map((limit) =>
        limit.subject === undefined ? limit : { ...limit, subject: PREFIX + limit.subject },
      ),
    )
  return {
    async consume(subject, limits, options) {
      checkRateLimits(subject, limits)
      const asked = whole(limits)
      const [only] = asked.full
      const isPlain = options === undefined && asked.full.length === 1 && subject.length % 2 === 1
      if (isPlain && only !== undefined && only.rule.holds === undefined)
        return [inner.consumeOne(subject, only, inner.now())]
      return subject.length % 3 === 0
        ? local.consume(PREFIX + subject, asked, options)
        : inner.consume(subject, asked, options)
    },
    async settle(subject, limits, operation) {
      checkRateLimits(subject, limits)
      return inner.settle(subject, whole(limits), operation)
    },
    async reset(subject, limits) {
      for (const { name, subject: owner = subject } of limits) inner.reset(owner, [{ name }])
    },
  }
}

const harness = {
  advance: clock.advance,
  step: clock.step,
  now: () => clock.now(),
}

for (const law of rateLimitStoreLaws)
  test(`memoryRateLimits(): ${law.name}`, () =>
    law.run({ open: async () => memoryRateLimits({ clock }), ...harness }))

for (const law of rateLimitStoreLaws)
  test(`within(): ${law.name}`, () => law.run({ open: async () => seenWithin(), ...harness }))

test('within() sees what was taken of whole subjects before it was asked for, and the other way', () => {
  const local = localOf()
  local.consume('rate:a', prepared({ ...hourly, cost: 30 }, { ...hourly, name: 'other' }))
  local.consume('rated', prepared(hourly))
  const inner = local.within(PREFIX)
  expect(oneOf(inner, 'a', hourly).remaining).toBe(69)
  expect(oneOf(inner, 'a', { ...hourly, name: 'other' }).remaining).toBe(98)
  expect(oneOf(local, 'rate:a', hourly).remaining).toBe(68)
  expect(oneOf(local, 'rated', hourly).remaining).toBe(98)
  expect(oneOf(local.within('ra').within('te:'), 'a', hourly).remaining).toBe(67)
})

test('consumeOne() decides as consume() does, whatever the limits and the clock', () => {
  const random = createSeededRandom(7)
  const draw = (most: number): number => Math.floor(random.fraction() * most)
  const kinds = ['gcra', 'fixed-window', 'sliding-window', 'sliding-log'] as const
  const one = localOf().within(PREFIX)
  const other = localOf()
  for (let step = 0; step < 5000; step++) {
    if (draw(3) === 0) clock.step(draw(400) - 60)
    const algorithm = kinds[draw(4)] ?? 'gcra'
    const limit = { algorithm, name: algorithm, limit: 3 + draw(2), windowMs: 700, cost: draw(4) }
    const subject = `s${draw(4)}`
    const decided = oneOf(one, subject, limit)
    expect([decided]).toEqual(other.consume(PREFIX + subject, prepared(limit)))
  }
})

test('subjects that are over are dropped as new ones come, and the oldest where there are too many', () => {
  const local = localOf(10)
  const limit: RateLimit = { algorithm: 'fixed-window', name: 'n', limit: 5, windowMs: 1000 }
  for (let index = 0; index < 11; index++) oneOf(local, `s${index}`, limit)
  expect(oneOf(local, 's10', limit).remaining).toBe(3)
  expect(oneOf(local, 's0', limit).remaining).toBe(4)
})

test('a subject keeps its other limits when its first one is reset', () => {
  const local = localOf()
  const names = ['a', 'b', 'c']
  for (const name of names) oneOf(local, 's', { ...hourly, name })
  local.reset('s', [{ name: 'a' }])
  expect(names.map((name) => oneOf(local, 's', { ...hourly, name }).remaining)).toEqual([
    99, 98, 98,
  ])
  local.reset(
    's',
    names.map((name) => ({ name })),
  )
  expect(names.map((name) => oneOf(local, 's', { ...hourly, name }).remaining)).toEqual([
    99, 99, 99,
  ])
})
