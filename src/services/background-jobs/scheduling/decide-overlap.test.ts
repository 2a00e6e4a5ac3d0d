import { expect, test } from 'vitest'
import { decideOverlap } from './decide-overlap.ts'

const NONE = { active: false, waiting: false }
const ACTIVE = { active: true, waiting: false }
const WAITING = { active: false, waiting: true }
const BOTH = { active: true, waiting: true }

test('decideOverlap() runs, waits or drops by the policy', () => {
  const decisions = (['allow', 'skip', 'queue-one'] as const).map((policy) =>
    [NONE, ACTIVE, WAITING, BOTH].map((unfinished) => decideOverlap(policy, unfinished)),
  )
  expect(decisions).toEqual([
    ['run', 'run', 'run', 'run'],
    ['run', 'drop', 'drop', 'drop'],
    ['run', 'wait', 'drop', 'drop'],
  ])
})

test('decideOverlap() throws bad_overlap, when the policy is not known', () => {
  // @ts-expect-error no such policy
  expect(() => decideOverlap('sometimes', NONE)).toThrow('no known policy')
})
