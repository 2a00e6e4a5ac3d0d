import fc from 'fast-check'
import { expect, test } from 'vitest'
import { decideRateLimits, type LimitState } from './decide-rate-limits.ts'
import type { FullRateLimit } from './full-rate-limit.ts'
import { checkRateLimits } from './check-rate-limits.ts'
import type { RateLimit, RateLimitDecision } from './rate-limit-store.ts'

const START = 1_767_225_600_000

/** One limit and its state, as a store keeps it. */
function fixture(limit: RateLimit) {
  let state: LimitState | null = null
  const full = (cost: number): FullRateLimit => {
    const [checked] = checkRateLimits('s', [{ ...limit, cost }])
    if (checked === undefined) throw new Error('One limit was given')
    return checked
  }
  return {
    ask(cost: number, now: number, look = false): RateLimitDecision {
      const checked = full(cost)
      const verdict = decideRateLimits([{ limit: checked, state }], {
        now,
        operation: '',
        look,
        record: null,
      })
      // As a store does: what is written is text, and what says nothing is dropped.
      for (const write of verdict.writes) {
        const algorithm = checked.rule
        state = write.restMs === 0 ? null : algorithm.decode(algorithm.encode(write.state))
      }
      const [decision] = verdict.decisions
      if (decision === undefined) throw new Error('One limit decides once')
      return decision
    },
  }
}

const steps = fc.array(fc.record({ afterMs: fc.nat(4000), cost: fc.integer({ min: 1, max: 8 }) }), {
  minLength: 1,
  maxLength: 60,
})
const sizes = fc.record({
  limit: fc.integer({ min: 8, max: 997 }),
  windowMs: fc.integer({ min: 1, max: 20_000 }),
})
const counted = fc.constantFrom('gcra', 'fixed-window', 'sliding-window', 'sliding-log')

function limitOf(algorithm: string, size: { limit: number; windowMs: number }): RateLimit {
  return { name: 'n', algorithm: algorithm as 'gcra', ...size }
}

test('gcra decides as a bucket of exact fractions does', () => {
  fc.assert(
    fc.property(sizes, fc.integer({ min: 8, max: 50 }), steps, (size, burst, requests) => {
      const { ask } = fixture({ algorithm: 'gcra', name: 'n', ...size, burst })
      const unit = BigInt(size.windowMs)
      const full = BigInt(burst) * unit
      let level = full
      let now = START
      for (const { afterMs, cost } of requests) {
        now += afterMs
        const refilled = level + BigInt(afterMs) * BigInt(size.limit)
        level = refilled < full ? refilled : full
        const wanted = BigInt(cost) * unit
        const passes = level >= wanted
        if (passes) level -= wanted
        const decision = ask(cost, now)
        expect([decision.allowed, decision.remaining]).toEqual([passes, Number(level / unit)])
      }
    }),
  )
})

test('a sliding window decides as exact fractions of two windows do', () => {
  fc.assert(
    fc.property(sizes, steps, (size, requests) => {
      const { ask } = fixture({ algorithm: 'sliding-window', name: 'n', ...size })
      const windows = new Map<number, number>()
      let now = START
      for (const { afterMs, cost } of requests) {
        now += afterMs
        const index = Math.floor(now / size.windowMs)
        const [current, previous] = [windows.get(index) ?? 0, windows.get(index - 1) ?? 0]
        const covered = BigInt(size.windowMs - (now % size.windowMs))
        const weight = BigInt(previous) * covered + BigInt(current + cost) * BigInt(size.windowMs)
        const passes = weight <= BigInt(size.limit) * BigInt(size.windowMs)
        if (passes) windows.set(index, current + cost)
        expect(ask(cost, now).allowed).toBe(passes)
      }
    }),
  )
})

test('a sliding log decides as a list of all requests does', () => {
  fc.assert(
    fc.property(sizes, steps, (size, requests) => {
      const { ask } = fixture({ algorithm: 'sliding-log', name: 'n', ...size })
      const passed: { readonly at: number; readonly cost: number }[] = []
      let now = START
      for (const { afterMs, cost } of requests) {
        now += afterMs
        const used = passed
          .filter(({ at }) => at > now - size.windowMs)
          .reduce((sum, one) => sum + one.cost, 0)
        const passes = used + cost <= size.limit
        if (passes) passed.push({ at: now, cost })
        const decision = ask(cost, now)
        expect([decision.allowed, decision.remaining]).toEqual([
          passes,
          size.limit - used - (passes ? cost : 0),
        ])
      }
    }),
  )
})

test('who is denied passes after the wait that was said, and not a millisecond earlier', () => {
  fc.assert(
    fc.property(counted, sizes, steps, (algorithm, size, requests) => {
      const { ask } = fixture(limitOf(algorithm, size))
      let now = START
      for (const { afterMs, cost } of requests) {
        now += afterMs
        const { allowed, retryAfterMs } = ask(cost, now)
        if (allowed) continue
        expect(ask(cost, now + retryAfterMs, true).allowed).toBe(true)
        expect(ask(cost, now + retryAfterMs - 1, true).allowed).toBe(false)
      }
    }),
  )
})

test('a limit is as if unused when it said so, and not a millisecond earlier', () => {
  fc.assert(
    fc.property(counted, sizes, steps, (algorithm, size, requests) => {
      const { ask } = fixture(limitOf(algorithm, size))
      let now = START
      for (const { afterMs, cost } of requests) {
        now += afterMs
        ask(cost, now)
        const { resetAfterMs, remaining, nextAfterMs } = ask(0, now)
        expect(ask(0, now + resetAfterMs)).toMatchObject({ remaining: size.limit, resetAfterMs: 0 })
        if (resetAfterMs > 0) expect(ask(0, now + resetAfterMs - 1).resetAfterMs).toBe(1)
        expect(nextAfterMs === 0).toBe(remaining > 0)
        expect(ask(0, now + nextAfterMs).remaining).toBeGreaterThan(0)
        if (nextAfterMs > 0) expect(ask(0, now + nextAfterMs - 1).remaining).toBe(0)
      }
    }),
  )
})

test('no rolling window has more than gcra’s burst and rate allow, nor more than a log’s limit', () => {
  fc.assert(
    fc.property(
      fc.constantFrom('gcra', 'sliding-log'),
      sizes,
      steps,
      (algorithm, size, requests) => {
        const burst = 8
        const { ask } = fixture({
          ...limitOf(algorithm, size),
          ...(algorithm === 'gcra' && { burst }),
        })
        const most = algorithm === 'gcra' ? burst + size.limit - 1 : size.limit
        const passed: { readonly at: number; readonly cost: number }[] = []
        let now = START
        for (const { afterMs, cost } of requests) {
          now += Math.floor(afterMs / 8)
          if (ask(cost, now).allowed) passed.push({ at: now, cost })
          const window = passed.filter(({ at }) => at > now - size.windowMs)
          expect(window.reduce((sum, one) => sum + one.cost, 0)).toBeLessThanOrEqual(most)
        }
      },
    ),
  )
})
