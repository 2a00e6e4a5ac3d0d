import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { PaymentState } from '../providers/provider-payment.ts'
import { decideState, isFinal, type KnownState } from './payment-state.ts'

const STATES: readonly PaymentState[] = [
  'requires_payment_method',
  'requires_confirmation',
  'requires_action',
  'processing',
  'requires_capture',
  'succeeded',
  'canceled',
  'failed',
  'expired',
]

/** What is known once all reports have arrived, in their order. */
function afterAll(reports: readonly KnownState[]): PaymentState {
  let known: KnownState = { state: 'requires_payment_method', changedAt: 0 }
  for (const seen of reports) {
    const state = decideState(known, seen, 'report')
    const changedAt = Math.max(known.changedAt ?? 0, seen.changedAt ?? 0)
    known = { state, changedAt: state === seen.state ? changedAt : known.changedAt }
  }
  return known.state
}

/** A life that the table of steps allows, each step a second after the one before. */
const life = fc.array(fc.nat(7), { minLength: 1, maxLength: 8 }).map((choices) => {
  const reports: KnownState[] = [{ state: 'requires_payment_method', changedAt: 0 }]
  for (const choice of choices) {
    const last = reports.at(-1)
    if (last === undefined || isFinal(last.state)) break
    const later = { changedAt: (last.changedAt ?? 0) + 1000 }
    const next = STATES.filter(
      (state) => state !== last.state && decideState(last, { state, ...later }, 'report') === state,
    )
    const state = next[choice % next.length]
    if (state !== undefined) reports.push({ state, ...later })
  }
  return reports
})

test('decideState() comes to the same end in whatever order reports arrive, and however often', () => {
  fc.assert(
    fc.property(
      life.chain((reports) =>
        fc.tuple(
          fc.constant(reports),
          fc.shuffledSubarray([...reports, ...reports], { minLength: reports.length * 2 }),
        ),
      ),
      ([reports, shuffled]) => {
        expect(afterAll(shuffled)).toBe(reports.at(-1)?.state)
      },
    ),
    { numRuns: 2000 },
  )
})

test('decideState() never leaves an end, and leaves indeterminate only by reconciling', () => {
  for (const state of STATES) {
    const seen = { state, changedAt: 5 }
    for (const end of ['succeeded', 'canceled', 'expired'] as const)
      expect(decideState({ state: end, changedAt: 1 }, seen, 'reconcile')).toBe(end)
    const lost: KnownState = { state: 'indeterminate', changedAt: null }
    expect(decideState(lost, seen, 'report')).toBe('indeterminate')
    expect(decideState(lost, seen, 'reconcile')).toBe(state)
  }
})

test('decideState() takes the further one of two reports of the same second', () => {
  const at = 1000
  const known: KnownState = { state: 'requires_action', changedAt: at }
  expect(decideState(known, { state: 'succeeded', changedAt: at }, 'report')).toBe('succeeded')
  expect(decideState(known, { state: 'requires_payment_method', changedAt: at }, 'report')).toBe(
    'requires_action',
  )
})
