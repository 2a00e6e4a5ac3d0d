import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createSeededRandom } from '../../../../testing/seeded-random.ts'
import { JOB_LIMITS } from '../../../ports/job-store/job-limits.ts'
import { makeJobId, positionOfJobId } from './job-position.ts'

test('positionOfJobId() reads the position that makeJobId() put into an id', () => {
  const random = createSeededRandom()
  const position = fc.record({
    priority: fc.nat(JOB_LIMITS.priority),
    seq: fc.maxSafeInteger().filter((seq) => seq !== 0),
  })
  fc.assert(
    fc.property(position, (given) => {
      expect(positionOfJobId(makeJobId(given, random))).toEqual(given)
    }),
  )
})

test('makeJobId() makes different ids for the same position', () => {
  const random = createSeededRandom()
  const ids = Array.from({ length: 500 }, () => makeJobId({ priority: 0, seq: 1 }, random))
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
])('positionOfJobId() answers null to %j, which is none of its making', (id) => {
  expect(positionOfJobId(id)).toBeNull()
})
