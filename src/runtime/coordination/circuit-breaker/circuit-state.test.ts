import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  addCalls,
  admitCall,
  CLOSED_CIRCUIT,
  EMPTY_TALLY,
  mergeTallies,
  settleCall,
  tallyOf,
  totalOf,
  type CallOutcome,
  type CallTally,
  type CircuitPolicy,
  type CircuitState,
} from './circuit-state.ts'

const NOW = 1_767_225_600_000
const POLICY: CircuitPolicy = {
  failureThreshold: 3,
  failureRate: null,
  minimumCalls: 10,
  windowMs: 10_000,
  resetTimeoutMs: 5000,
  halfOpenProbes: 2,
}
const RATE: CircuitPolicy = { ...POLICY, failureThreshold: null, failureRate: 0.5 }

test('settleCall() opens after the threshold of failures in a row, which a success starts anew', () => {
  expect(after(POLICY, ['failed', 'failed', 'succeeded', 'failed', 'failed']).mode).toBe('closed')
  expect(after(POLICY, ['failed', 'failed', 'failed'])).toEqual({
    mode: 'open',
    generation: 1,
    until: NOW + 5000,
  })
})

test('settleCall() opens at the failure rate, but not before the minimum of calls', () => {
  const nine: CallOutcome[] = Array.from({ length: 9 }, () => 'failed')
  expect(after(RATE, nine).mode).toBe('closed')
  expect(after(RATE, [...nine, 'failed']).mode).toBe('open')
  const mixed = (failures: number): CallOutcome[] =>
    Array.from({ length: 10 }, (_, index) => (index < failures ? 'failed' : 'succeeded'))
  expect(after(RATE, mixed(4)).mode).toBe('closed')
  expect(after(RATE, mixed(5)).mode).toBe('open')
})

test('settleCall() forgets calls that have left the window', () => {
  let state = after(
    RATE,
    Array.from({ length: 9 }, () => 'failed' as const),
  )
  state = settleCall(state, RATE, { generation: 0, outcome: 'failed', now: NOW + 10_000 })
  expect(state.mode === 'closed' && totalOf(state.tally)).toEqual({ calls: 1, failures: 1 })
})

test('settleCall() counts nothing for a call of an earlier generation, or one that was abandoned', () => {
  const open = after(POLICY, ['failed', 'failed', 'failed'])
  expect(settleCall(open, POLICY, { generation: 0, outcome: 'failed', now: NOW })).toBe(open)
  const probing = admitCall(open, POLICY, NOW + 5000).state
  const late = { generation: 0, outcome: 'succeeded', now: NOW + 5000 } as const
  expect(settleCall(probing, POLICY, late)).toBe(probing)
  const closed = after(POLICY, ['failed'])
  expect(settleCall(closed, POLICY, { generation: 0, outcome: 'abandoned', now: NOW })).toBe(closed)
})

test('admitCall() refuses while open, then lets the probes through and no more', () => {
  const open = after(POLICY, ['failed', 'failed', 'failed'])
  expect(admitCall(open, POLICY, NOW + 4999)).toMatchObject({ admitted: false, retryAfterMs: 1 })
  const first = admitCall(open, POLICY, NOW + 5000)
  const second = admitCall(first.state, POLICY, NOW + 6000)
  const third = admitCall(second.state, POLICY, NOW + 7000)
  expect([first.admitted, second.admitted]).toEqual([true, true])
  expect(third).toMatchObject({ admitted: false, retryAfterMs: 3000 })
  expect(admitCall(third.state, POLICY, NOW + 10_000)).toMatchObject({
    admitted: true,
    generation: 3,
    state: { mode: 'half-open', admitted: 1 },
  })
})

test('settleCall() closes when all probes succeeded, opens when one failed, and gives an abandoned one back', () => {
  const open = after(POLICY, ['failed', 'failed', 'failed'])
  const probing = admitCall(admitCall(open, POLICY, NOW + 5000).state, POLICY, NOW + 5000).state
  const settle = (state: CircuitState, outcome: CallOutcome): CircuitState =>
    settleCall(state, POLICY, { generation: 2, outcome, now: NOW + 6000 })
  const half = settle(probing, 'succeeded')
  expect(half.mode).toBe('half-open')
  expect(settle(half, 'succeeded')).toEqual({ mode: 'closed', generation: 3, tally: EMPTY_TALLY })
  expect(settle(half, 'failed')).toEqual({ mode: 'open', generation: 3, until: NOW + 11_000 })
  expect(admitCall(settle(probing, 'abandoned'), POLICY, NOW + 6000).admitted).toBe(true)
})

test('admitCall() is not held up by a clock that was set back', () => {
  const open = after(POLICY, ['failed', 'failed', 'failed'])
  expect(admitCall(open, POLICY, NOW - 3_600_000).admitted).toBe(true)
})

const policies: fc.Arbitrary<CircuitPolicy> = fc.record({
  failureThreshold: fc.option(fc.integer({ min: 1, max: 5 })),
  failureRate: fc.option(fc.double({ min: 0.01, max: 1, noNaN: true })),
  minimumCalls: fc.integer({ min: 1, max: 20 }),
  windowMs: fc.integer({ min: 100, max: 10_000 }),
  resetTimeoutMs: fc.integer({ min: 10, max: 5000 }),
  halfOpenProbes: fc.integer({ min: 1, max: 3 }),
})
const events = fc.array(
  fc.record({
    waitMs: fc.oneof(fc.nat({ max: 6000 }), fc.integer({ min: -20_000, max: 20_000 })),
    outcome: fc.constantFrom<CallOutcome>('succeeded', 'failed', 'abandoned'),
    /** Whether the call ends now, or stays on its way until the end. */
    ends: fc.boolean(),
  }),
  { maxLength: 80 },
)

test('a circuit lets no more probes be on their way than its budget, and its generations only grow', () => {
  fc.assert(
    fc.property(policies, events, (policy, schedule) => {
      let state = CLOSED_CIRCUIT
      let now = NOW
      let onTheirWay: { generation: number; outcome: CallOutcome }[] = []
      for (const { waitMs, outcome, ends } of schedule) {
        now += waitMs
        const before = state
        const admission = admitCall(state, policy, now)
        ;({ state } = admission)
        if (admission.admitted) onTheirWay.push({ generation: admission.generation, outcome })
        else {
          expect(admission.retryAfterMs).toBeGreaterThan(0)
          expect(admission.retryAfterMs).toBeLessThanOrEqual(policy.resetTimeoutMs)
        }
        if (state.mode === 'half-open') {
          const { generation } = state
          const probes = onTheirWay.filter((call) => call.generation === generation)
          expect(probes.length).toBeLessThanOrEqual(policy.halfOpenProbes)
        }
        if (ends) {
          const [first, ...rest] = onTheirWay
          onTheirWay = rest
          if (first !== undefined) state = settleCall(state, policy, { ...first, now })
        }
        expect(state.generation).toBeGreaterThanOrEqual(before.generation)
        // Left alone for its timeout, a circuit lets a call through whatever has happened.
        expect(admitCall(state, policy, now + policy.resetTimeoutMs).admitted).toBe(true)
      }
    }),
  )
})

const tallies: fc.Arbitrary<CallTally> = fc
  .array(fc.record({ failed: fc.boolean(), agoMs: fc.nat({ max: 9000 }) }), { maxLength: 20 })
  .map((calls) => {
    let tally = EMPTY_TALLY
    for (const { failed, agoMs } of calls.toSorted((a, b) => b.agoMs - a.agoMs))
      tally = mergeTallies(tally, tallyOf(RATE, failed, NOW - agoMs), RATE, NOW)
    return tally
  })

test('mergeTallies() counts the calls of both, in whatever portions they come', () => {
  fc.assert(
    fc.property(tallies, tallies, tallies, (a, b, c) => {
      const merge = (x: CallTally, y: CallTally): CallTally => mergeTallies(x, y, RATE, NOW)
      expect(merge(merge(a, b), c)).toEqual(merge(a, merge(b, c)))
      expect(totalOf(merge(a, b)).calls).toBe(totalOf(a).calls + totalOf(b).calls)
      expect(totalOf(merge(a, b)).failures).toBe(totalOf(a).failures + totalOf(b).failures)
    }),
  )
})

test('addCalls() of calls in portions ends where adding them one by one does, unless it opened before', () => {
  fc.assert(
    fc.property(policies, fc.array(fc.boolean(), { maxLength: 30 }), (policy, calls) => {
      let single: CircuitState = CLOSED_CIRCUIT
      let portion = EMPTY_TALLY
      for (const failed of calls) {
        single = addCalls(single, policy, tallyOf(policy, failed, NOW), NOW)
        portion = mergeTallies(portion, tallyOf(policy, failed, NOW), policy, NOW)
      }
      if (single.mode === 'closed')
        expect(addCalls(CLOSED_CIRCUIT, policy, portion, NOW)).toEqual(single)
    }),
  )
})

function after(policy: CircuitPolicy, outcomes: readonly CallOutcome[]): CircuitState {
  let state = CLOSED_CIRCUIT
  for (const outcome of outcomes)
    state = settleCall(state, policy, { generation: state.generation, outcome, now: NOW })
  return state
}
