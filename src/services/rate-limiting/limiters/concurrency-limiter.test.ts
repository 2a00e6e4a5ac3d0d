import { expect, test } from 'vitest'
import { memory } from '../../../runtime/backends/memory/index.ts'
import type { RateLimitStore } from '../../../runtime/ports/rate-limit-store/rate-limit-store.ts'
import { createFakeClock } from '../../../testing/fake-clock.ts'
import { ConcurrencyLimiter } from './concurrency-limiter.ts'

test('a renewal that arrives after the work has ended takes no slot', async () => {
  const clock = createFakeClock()
  const { local: _local, ...store } = memory({ clock }).rateLimits
  const renewal = { isHeld: false, arrived: Promise.withResolvers<void>() }
  const rateLimits: RateLimitStore = {
    ...store,
    async consume(...args) {
      if (renewal.isHeld) await renewal.arrived.promise
      return store.consume(...args)
    },
  }
  const slots = new ConcurrencyLimiter({
    ...{ backend: { rateLimits }, clock, limit: 1, lease: '30s', timeout: '1m' },
  })
  const begun = Promise.withResolvers<void>()
  const work = Promise.withResolvers<string>()
  const run = slots.run('k', () => {
    begun.resolve()
    return work.promise
  })
  await begun.promise
  renewal.isHeld = true
  await clock.advance(10_000)
  work.resolve('done')
  await clock.advance(0)
  renewal.isHeld = false
  renewal.arrived.resolve()
  expect(await run).toBe('done')
  expect((await slots.peek('k')).remaining).toBe(1)
})
