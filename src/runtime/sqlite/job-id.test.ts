import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createSeededRandom } from '../../../test/support/seeded-random.ts'
import { JOB_LIMITS } from '../ports/job-limits.ts'
import { makeJobIds, placeOfJobId } from './job-id.ts'

test('placeOfJobId() reads the place that makeJobIds() put into an id', () => {
  const places = fc.array(
    fc.record({
      priority: fc.nat(JOB_LIMITS.priority),
      seq: fc.maxSafeInteger().filter((seq) => seq !== 0),
    }),
  )
  fc.assert(
    fc.property(places, (given) => {
      expect(makeJobIds(given, createSeededRandom()).map(placeOfJobId)).toEqual(given)
    }),
  )
})

test('makeJobIds() makes different ids for the same place', () => {
  const ids = makeJobIds(
    Array.from({ length: 500 }, () => ({ priority: 0, seq: 1 })),
    createSeededRandom(),
  )
  expect(new Set(ids).size).toBe(500)
})

test.each([
  '',
  'order/1',
  '0-1-short',
  '0-1-toolonged',
  '0-A-00000000',
  '0-1-0000000 ',
  'x'.repeat(256),
])('placeOfJobId() answers null to %j, which is none of its making', (id) => {
  expect(placeOfJobId(id)).toBeNull()
})
