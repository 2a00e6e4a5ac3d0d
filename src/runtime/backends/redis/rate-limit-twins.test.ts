import { beforeEach, expect, test } from 'vitest'
import { useRedis } from '../../../../test/support/use-redis.ts'
import { createSeededRandom } from '../../../testing/seeded-random.ts'
import type { GcraState } from '../../ports/rate-limit-store/algorithms/gcra.ts'
import {
  decideRateLimits,
  fieldOf,
  settleRateLimits,
  type LimitState,
  type OperationRecord,
  type RateLimitVerdict,
} from '../../ports/rate-limit-store/decide-rate-limits.ts'
import type { FullRateLimit } from '../../ports/rate-limit-store/full-rate-limit.ts'
import { checkRateLimits } from '../../ports/rate-limit-store/check-rate-limits.ts'
import type { RateLimit, RateLimitStore } from '../../ports/rate-limit-store/rate-limit-store.ts'
import { redis } from './redis.ts'
import { clockOffset } from './clock-offset.ts'

const used = useRedis()
let replies: unknown[] = []
let offset = 0

beforeEach(() => {
  offset = 0
  replies = []
})

/** A store whose scripts' replies are kept. */
function open(): RateLimitStore {
  const recording = {
    async call(command: string, ...args: string[]) {
      const reply = await used.connection.call(command, ...args)
      replies.push(reply)
      return reply
    },
  }
  return redis(recording, { [clockOffset]: () => offset }).rateLimits
}

/** What every script but one answers. */
function textsOf(reply: unknown): readonly string[] {
  return Array.isArray(reply) ? reply.map(String) : []
}

const random = createSeededRandom(29)
function between(least: number, most: number): number {
  return least + Math.floor(random.fraction() * (most - least + 1))
}
function oneOf<Value>(values: readonly [Value, ...Value[]]): Value {
  return values[between(0, values.length - 1)] ?? values[0]
}

/** A limit of that name, seldom the same twice: deploys change limits while they are in use. */
function drawLimit(name: string, now: number): RateLimit {
  const kind = name.replace(/\d/, '') as RateLimit['algorithm']
  const limit = oneOf([1, 3, 10, 97, 1000, 999_999_999_989])
  const windowMs = oneOf([7, 1000, 1001, 60_000, 86_400_000, 31_622_399_999])
  const reserve = oneOf([0, 0, 0, Math.floor((limit - 1) / 2)])
  const base = { name, limit, reserve, ...oneOf([{}, {}, { subject: oneOf(['a', 'b']) }]) }
  const cost = oneOf([between(0, Math.min(limit - reserve, 12)), limit - reserve])
  switch (kind) {
    case 'gcra': {
      const burst = oneOf([limit, limit + 5, Math.max(reserve + cost, 1)])
      const waits = oneOf([
        {},
        {},
        { maxWaitMs: 500 },
        { maxWaitMs: 500, notBeforeMs: between(0, 500) },
      ])
      return { algorithm: kind, ...base, cost, windowMs, burst, ...waits }
    }
    case 'calendar': {
      const start = now - (now % windowMs)
      const periods = [-2, -1, 0, 1, 2, 3].map((step) => start + step * windowMs)
      const wide = [now - 40 * 86_400_000, ...periods, now + 40 * 86_400_000]
      return { algorithm: kind, ...base, cost, periods: wide }
    }
    case 'concurrency':
      return { algorithm: kind, ...base, cost, leaseMs: windowMs }
    case 'ban': {
      const banMs = windowMs * 2
      return {
        algorithm: kind,
        name,
        limit,
        windowMs,
        banMs,
        maxBanMs: banMs * oneOf([1, 3]),
        forgetMs: between(0, 2) * windowMs,
        cost: between(0, 5),
      }
    }
    default:
      return { algorithm: kind, ...base, cost, windowMs }
  }
}

const names = [
  'gcra',
  'fixed-window',
  'sliding-window',
  'sliding-log',
  'calendar',
  'concurrency',
] as const

/** TIME and the lifetimes of keys are read a moment apart, and a busy machine makes it longer. */
const SLACK_MS = 100

/** The other twin: states as the pure deciders leave them, by key. */
class Twin {
  readonly states = new Map<string, LimitState>()
  readonly records = new Map<string, OperationRecord>()
  /** When the server may drop a key, by its own clock. */
  readonly lives = new Map<string, number>()
  /** Those of which it is not known when they were written. */
  readonly loose = new Set<string>()

  /** What is stored of the limits, provided that the script found just that. */
  stored(subject: string, limits: readonly FullRateLimit[], now: number, found: readonly string[]) {
    return limits.map((limit, index) => {
      const key = keyOf(subject, limit)
      const text = (found[index * 2] ?? '').slice(1)
      const state = this.states.get(key) ?? null
      if (text === '') {
        // By the server's own clock, which the offset does not move, its life may be over.
        if (state !== null)
          expect(now - offset + SLACK_MS).toBeGreaterThanOrEqual(this.lives.get(key) ?? 0)
        return { limit, state: null }
      }
      if (limit.algorithm !== 'gcra') {
        expect(text).toBe(state === null ? '' : limit.rule.encode(state))
        return { limit, state }
      }
      const before = state as GcraState | null
      const [, spent, rate, booked, moved, left] =
        /^(\d+)\/?(\d*)b?(\d*)@?(-?\d*) (-?\d+)$/.exec(text) ?? []
      expect([Number(spent), Number(rate) || 1, Number(booked)]).toEqual([
        before?.used,
        before?.rate,
        before?.booked,
      ])
      const life = Math.ceil(Number(spent) / (Number(rate) || 1))
      const at = now - (life - Number(left) + offset - Number(moved))
      if (!this.loose.has(key))
        expect(Math.abs(at - (before?.at ?? 0))).toBeLessThanOrEqual(SLACK_MS)
      return { limit, state: { ...before, at } as GcraState }
    })
  }

  /** What the operation has taken, provided that the script found just that. */
  recorded(
    subject: string,
    operation: string,
    limits: readonly FullRateLimit[],
    now: number,
    leftMs: number,
    found: readonly string[],
  ): OperationRecord | null {
    const own = this.records.get(`${subject} ${operation}`)
    if (own === undefined) return null
    const record = new Map(own)
    for (const [index, limit] of limits.entries()) {
      const taken = own.get(fieldOf(limit))
      const text = (found[index * 2 + 1] ?? '').slice(1)
      if (taken === undefined || limit.algorithm !== 'gcra') {
        const expected = taken === undefined ? '' : [taken.cost, ...taken.receipt].join(' ')
        expect(text.trim()).toBe(expected)
        continue
      }
      const [cost = 0, first = 0, ...rest] = text.split(' ').map(Number)
      const at = now - (first - leftMs + offset)
      expect([cost, ...rest]).toEqual([taken.cost, ...taken.receipt.slice(1)])
      expect(Math.abs(at - (taken.receipt[0] ?? 0))).toBeLessThanOrEqual(SLACK_MS)
      record.set(fieldOf(limit), { cost, receipt: [at, ...rest] })
    }
    return record
  }

  keep(
    subject: string,
    operation: string,
    { writes, record }: RateLimitVerdict,
    now: number,
  ): void {
    for (const { limit, state, restMs } of writes) {
      const key = keyOf(subject, limit)
      this.lives.set(key, now - offset + restMs)
      this.loose.delete(key)
      if (restMs === 0) this.states.delete(key)
      else this.states.set(key, state)
    }
    if (record !== null) this.records.set(`${subject} ${operation}`, record)
  }
}

function keyOf(subject: string, { subject: owner, name }: FullRateLimit): string {
  return `${owner ?? subject} ${name}`
}

test('the scripts store, state by state, what the deciders decide', async () => {
  const counts = { admitted: 0, denied: 0, settled: 0 }
  for (let round = 0; round < 60; round++) {
    await used.admin.send(['FLUSHALL'])
    const store = open()
    const twin = new Twin()
    offset = 0
    for (let step = 0; step < 40; step++) {
      offset += oneOf([0, 0, 1, 6, 500, 999, 30_000, 90_000, -1, -700, -40_000, 86_400_000])
      const subject = oneOf(['a', 'a', 'b'])
      const serverNow = Date.now() + offset
      const drawn = [
        ...new Set([oneOf<string>([...names, 'ban']), oneOf<string>([...names, 'gcra2']), 'gcra']),
      ]
        .slice(0, between(1, 3))
        .map((name) => drawLimit(name, serverNow))
      const settles = between(0, 4) === 0
      const limits = settles ? drawn.filter(({ algorithm }) => algorithm !== 'ban') : drawn
      const checked = tryCheck(subject, limits)
      if (checked === null) continue
      const operation = oneOf(['', 'x', 'y'])
      const needs = settles || checked.some(({ algorithm }) => algorithm === 'concurrency')
      const named = needs && operation === '' ? 'z' : operation
      const look = between(0, 6) === 0
      replies = []
      const decisions = settles
        ? await store.settle(subject, limits, named)
        : await store.consume(subject, limits, {
            ...(named !== '' && { operation: named, rememberMs: 2_000_000_000 }),
            look,
          })
      const [clock = '', answer = '', ...found] = textsOf(replies.at(-1))
      if (!clock.startsWith('=y') && !clock.startsWith('=n')) {
        const now = Number(clock.slice(1))
        const stored = twin.stored(subject, checked, now, found)
        const leftMs = Number(answer.split(' ')[1])
        const record = twin.recorded(subject, named, checked, now, leftMs, found)
        const call = { now, operation: named, look, record }
        const verdict = settles ? settleRateLimits(stored, call) : decideRateLimits(stored, call)
        expect(decisions).toEqual(verdict?.decisions ?? null)
        if (verdict !== null) twin.keep(subject, named, verdict, now)
        counts[settles ? 'settled' : verdict?.admitted === true ? 'admitted' : 'denied']++
      } else {
        // Two commands without a clock: the test below looks at them. Here they must only fit in.
        const [only] = checked
        if (only === undefined) throw new Error('A limit was decided')
        const owner = only.subject ?? subject
        const text = await used.admin.send(['GET', `reuse:{limit:${owner}}:${only.name}`])
        const key = keyOf(subject, only)
        twin.lives.set(key, 0)
        twin.loose.add(key)
        if (text === null) twin.states.delete(key)
        else
          twin.states.set(key, {
            at: Date.now(),
            used: Number(text),
            rate: 1,
            booked: 0,
          } as GcraState)
      }
    }
  }
  expect(Math.min(...Object.values(counts))).toBeGreaterThan(100)
})

/** `null` where what was drawn cannot be counted without loss, or has a cost that can never fit. */
function tryCheck(subject: string, limits: readonly RateLimit[]): readonly FullRateLimit[] | null {
  try {
    return limits.length === 0 ? null : checkRateLimits(subject, limits)
  } catch (error) {
    if (error instanceof RangeError) return null
    throw error
  }
}

test('two commands decide one plain GCRA limit as its decider does, whatever is stored', async () => {
  const store = open()
  const verdicts = { admitted: 0, denied: 0, other: 0 }
  const key = 'reuse:{limit:s}:n'
  for (let round = 0; round < 1500; round++) {
    const burst = between(1, 20)
    const limit: RateLimit = {
      algorithm: 'gcra',
      name: 'n',
      limit: 60,
      windowMs: 60_000 * between(1, 5),
      burst,
      cost: between(1, burst),
    }
    const [checked] = checkRateLimits('s', [limit])
    if (checked?.algorithm !== 'gcra') throw new Error('A GCRA limit was given')
    // As it is found: just written, aged, from before the clock stepped back, of another limit, or
    // gone.
    const written = between(1, checked.capacity * 2)
    const life = oneOf([written, between(1, written), written + between(1, 90_000)])
    const kind = oneOf(['plain', 'plain', 'plain', 'gone', 'other'])
    await used.admin.send(['DEL', key])
    const setAt = performance.now()
    if (kind !== 'gone')
      await used.admin.send([
        'SET',
        key,
        kind === 'other' ? `${written * 7}/7` : `${written}`,
        'PX',
        `${life}`,
      ])
    replies = []
    const [decision] = await store.consume('s', [limit])
    const [reply] = replies
    const after = await used.admin.send(['GET', key])
    if (kind === 'other') {
      expect(reply).toBeNull()
      verdicts.other++
      continue
    }
    const left = kind === 'gone' ? 0 : Math.min(Math.min(written, life), checked.capacity)
    const answer = Number(reply)
    const said = answer < 0 ? -1 - answer : answer
    // Some ms may have gone by since it was set.
    expect(said).toBeLessThanOrEqual(left)
    const passed = Math.ceil(performance.now() - setAt) + 2
    expect(said).toBeGreaterThanOrEqual(Math.min(left, life - passed))
    const state: GcraState = { at: 0, used: said, rate: 1, booked: 0 }
    const own = decideRateLimits([{ limit: checked, state }], {
      now: 0,
      operation: '',
      look: false,
      record: null,
    })
    expect(decision).toEqual(own.decisions[0])
    expect(answer >= 0).toBe(own.admitted)
    if (own.admitted) expect(Number(after)).toBe(said + checked.cost * checked.unit)
    // Who is denied writes nothing, but where what is stored would be cut for ever.
    else if (life > written || Math.min(written, life) > checked.capacity)
      expect(after).toBe(`${said}`)
    else expect(after).toBe(`${written}`)
    verdicts[own.admitted ? 'admitted' : 'denied']++
    const ttl = Number(await used.admin.send(['PTTL', key]))
    expect(ttl).toBeLessThanOrEqual(Math.max(Number(after), 1))
  }
  expect(Math.min(...Object.values(verdicts))).toBeGreaterThan(100)
})
