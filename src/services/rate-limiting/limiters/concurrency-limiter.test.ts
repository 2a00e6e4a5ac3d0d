import { expect, test } from 'vitest'
import { memory } from '../../../runtime/backends/memory/index.ts'
import type { RateLimitStore } from '../../../runtime/ports/rate-limit-store/rate-limit-store.ts'
import { createFakeClock } from '../../../testing/fake-clock.ts'
import { ConcurrencyLimiter } from './concurrency-limiter.ts'

test('a renewal that arrives after the work has ended takes no slot', async () => {
  const clock = createFakeClock()
  const { local: _local, ...store } = memory({ clock }).rateLimits
  const held = Promise.withResolvers<void>()
  let calls = 0
  const rateLimits: RateLimitStore = {
    ...store,
    async consume(...args) {
      // The second is the renewal, which is slow to arrive.
      if (++calls === 2) await held.promise
      return store.consume(...args)
    },
  }
  const slots = new ConcurrencyLimiter({
    ...{ backend: { rateLimits }, clock, limit: 1, lease: '30s', timeout: '1m' },
  })
  const work = Promise.withResolvers<string>()
  const run = slots.run('k', () => work.promise)
  await clock.advance(10_000)
  expect(calls).toBe(2)
  work.resolve('done')
  await clock.advance(0)
  held.resolve()
  expect(await run).toBe('done')
  expect((await slots.peek('k')).remaining).toBe(1)
})
