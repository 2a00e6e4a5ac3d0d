import { expect, test } from 'vitest'
import { createFakeClock } from '../../testing/fake-clock.ts'
import { createSeededRandom } from '../../testing/seeded-random.ts'
import { BackendError, type BackendErrorCode } from '../ports/backend-error.ts'
import { retryTransient } from './retry-transient.ts'

test('retryTransient() repeats while the backend is unavailable or overloaded, within a second or so', async () => {
  for (const code of ['backend_unavailable', 'backend_overloaded'] as const) {
    const clock = createFakeClock()
    const tries: boolean[] = []
    const trying = retryTransient(
      async (again) => {
        tries.push(again)
        if (tries.length < 4) throw failure(code)
        return 'done'
      },
      { clock, random: createSeededRandom() },
    )
    await clock.advance(1500)
    expect(await trying).toBe('done')
    expect(tries).toEqual([false, true, true, true])
  }
})

test('retryTransient() gives up after its attempts, and at once on any other failure', async () => {
  const clock = createFakeClock()
  const options = { clock, random: createSeededRandom() }
  let tries = 0
  const trying = retryTransient(async () => {
    tries++
    throw failure('backend_unavailable')
  }, options).catch((error: unknown) => error)
  await clock.advance(10_000)
  expect(await trying).toBeInstanceOf(BackendError)
  expect(tries).toBe(4)
  for (const error of [failure('backend_failed'), new RangeError('no')])
    await expect(retryTransient(() => Promise.reject(error), options)).rejects.toBe(error)
})

test('retryTransient() stops when its signal aborts', async () => {
  const clock = createFakeClock()
  const stop = new AbortController()
  const trying = retryTransient(() => Promise.reject(failure('backend_unavailable')), {
    clock,
    random: createSeededRandom(),
    signal: stop.signal,
  }).catch((error: unknown) => error)
  await clock.advance(1)
  stop.abort('enough')
  expect(await trying).toBe('enough')
})

function failure(code: BackendErrorCode): BackendError {
  return new BackendError(code, 'The backend failed')
}
