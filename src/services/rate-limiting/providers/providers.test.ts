import { expect, test } from 'vitest'
import { cloudflareLimiter } from './cloudflare.ts'
import { upstashLimiter } from './upstash.ts'

test('cloudflareLimiter() hands on yes or no, and makes no numbers up', async () => {
  const keys: string[] = []
  const limiter = cloudflareLimiter({
    async limit({ key }) {
      keys.push(key)
      return { success: keys.length < 2 }
    },
  })
  const unknown = { limit: null, remaining: null, resetAt: null, decidedBy: 'store' }
  expect(await limiter.check('k')).toEqual({ allowed: true, retryAfterMs: 0, ...unknown })
  expect(await limiter.check('k')).toEqual({ allowed: false, retryAfterMs: null, ...unknown })
  await expect(limiter.check('k', { cost: 2 })).rejects.toBeInstanceOf(RangeError)
  await expect(limiter.check('')).rejects.toBeInstanceOf(RangeError)
  expect(() => cloudflareLimiter({} as never)).toThrow('the binding has no limit')
  expect(() =>
    cloudflareLimiter({ limit: async () => ({ success: true }) }, { onError: 'local' as 'deny' }),
  ).toThrow('onError is not known')
})

test('upstashLimiter() hands on numbers, and lets onError decide what is slow or fails', async () => {
  const answers: (() => unknown)[] = [
    () => ({ success: true, limit: 10, remaining: 8, reset: 5000 }),
    () => ({ success: false, limit: 10, remaining: -1, reset: 5000 }),
    () => ({ success: true, limit: 0, remaining: 0, reset: 0, reason: 'timeout' }),
    () => {
      throw new Error('down')
    },
  ]
  const rates: unknown[] = []
  const failures: unknown[] = []
  const limiter = upstashLimiter(
    {
      async limit(_key, options) {
        rates.push(options?.rate)
        return answers.shift()?.() as never
      },
    },
    { now: () => 2000, onFailure: (error) => void failures.push(String(error)) },
  )
  expect(await limiter.check('k', { cost: 2 })).toEqual({
    ...{ allowed: true, limit: 10, remaining: 8, resetAt: 5000, retryAfterMs: 0 },
    decidedBy: 'store',
  })
  expect(await limiter.check('k')).toMatchObject({
    allowed: false,
    remaining: 0,
    retryAfterMs: 3000,
  })
  expect(await limiter.check('k')).toMatchObject({
    allowed: false,
    limit: null,
    decidedBy: 'failure',
  })
  expect(await limiter.check('k')).toMatchObject({ allowed: false, decidedBy: 'failure' })
  expect(rates).toEqual([2, 1, 1, 1])
  expect(failures).toEqual(['Error: Upstash did not answer in time', 'Error: down'])
  for (const cost of [0, -1, 1.5])
    await expect(limiter.check('k', { cost })).rejects.toBeInstanceOf(RangeError)
})
