import { expect, test } from 'vitest'
import { createFakeClock } from '../../testing/fake-clock.ts'
import { createSeededRandom } from '../../testing/seeded-random.ts'
import { memory } from '../backends/memory/index.ts'
import { sweepQueues } from './sweep-queues.ts'

test('sweepQueues() takes up what was parked because nothing ran it, and nothing else', async () => {
  const clock = createFakeClock()
  const backend = memory({ clock, random: createSeededRandom() })
  const queue = backend.jobStore.queue('q')
  const added = await queue.add(['no_runner', 'unknown_job'].map((name) => ({ name, data: null })))
  const { claimed } = await queue.exchange({ claim: { limit: 2, leaseMs: 1000 } })
  const settle = claimed.map(({ id, token, name }) => ({
    id,
    token,
    outcome: { to: 'parked', error: { code: name } } as const,
  }))
  await queue.exchange({ settle })
  await sweepQueues([{ queue: 'q' }], backend)
  const records = await Promise.all(added.jobs.map(({ id }) => queue.get(id)))
  expect(records.map((record) => record?.state)).toEqual(['ready', 'parked'])
})
