import { expect, test } from 'vitest'
import { createSeededRandom } from '../../../testing/seeded-random.ts'
import { createEndpointId, readEndpointId } from './endpoint-id.ts'

test.each([
  { tenant: 'default', shard: 0 },
  { tenant: 'default', shard: 255 },
  { tenant: 'acme', shard: 16 },
  { tenant: `${'x'.repeat(62)}_-`, shard: 1 },
])('readEndpointId() reads what createEndpointId() wrote: %j', (address) => {
  const id = createEndpointId(address, createSeededRandom())
  expect(readEndpointId(id)).toEqual(address)
  expect(id.length).toBeLessThanOrEqual(100)
})

test.each([
  '',
  'ep_',
  'ep_00',
  `ep_${'0'.repeat(31)}`,
  `EP_${'0'.repeat(30)}`,
  `ep_${'0'.repeat(30)}.`,
  `ep_${'0'.repeat(30)}.a/b`,
  `ep_${'0'.repeat(30)}\n`,
])('readEndpointId() takes nothing else: %j', (id) => {
  expect(readEndpointId(id)).toBe(null)
})
