import { expect, test } from 'vitest'
import { createFakeClock } from '../../../../testing/fake-clock.ts'
import { createSeededRandom } from '../../../../testing/seeded-random.ts'
import { sqlite } from '../index.ts'

test('a clock that is set forward gives no running job to a second worker, and one whose worker is gone in time', async () => {
  const clock = createFakeClock()
  const backend = sqlite(':memory:', { clock, random: createSeededRandom() })
  const queue = backend.jobStore.queue('q')
  const claim = { limit: 10, leaseMs: 10_000 }
  await queue.add([
    { name: 'lives', data: null, maxAttempts: 9 },
    { name: 'dies', data: null, maxAttempts: 9 },
  ])
  const { claimed } = await queue.exchange({ claim })
  const [lives] = claimed
  await clock.advance(3000)
  clock.step(60_000)
  const renewed = await queue.exchange({
    extend: [{ id: lives?.id ?? '', token: lives?.token ?? 0, leaseMs: 10_000 }],
    claim,
  })
  expect([renewed.extended, renewed.claimed, renewed.wakeInMs]).toEqual([['extended'], [], 7000])
  await clock.advance(7000)
  const again = await queue.exchange({ claim })
  expect(again.claimed.map(({ name }) => name)).toEqual(['dies'])
  backend.close()
})
