import { expect, test } from 'vitest'
import { settledOrAborted } from './settled-or-aborted.ts'

test('settledOrAborted() ends with the work, also when that fails', async () => {
  const { signal } = new AbortController()
  await expect(settledOrAborted(Promise.resolve(1), signal)).resolves.toBeUndefined()
  await expect(settledOrAborted(Promise.reject(new Error('broken')), signal)).resolves.toBe(
    undefined,
  )
})

test('settledOrAborted() ends with the signal, before or while the work goes on', async () => {
  const stop = new AbortController()
  const never = Promise.withResolvers<void>().promise
  const waiting = settledOrAborted(never, stop.signal)
  stop.abort()
  await waiting
  await settledOrAborted(never, stop.signal)
  // Nobody else hears of a failure that comes late.
  await settledOrAborted(Promise.reject(new Error('late')), stop.signal)
})
