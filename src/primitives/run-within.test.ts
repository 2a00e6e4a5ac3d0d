import { expect, test } from 'vitest'
import { createFakeClock } from '../testing/fake-clock.ts'
import { runWithin } from './run-within.ts'

const late = (): Error => new Error('late')
const never = new AbortController().signal

test('runWithin() answers what the work answers, and leaves no timer that would abort it', async () => {
  const clock = createFakeClock()
  let seen: AbortSignal | undefined
  const work = async (signal: AbortSignal): Promise<number> => {
    seen = signal
    return 1
  }
  expect(await runWithin(clock, 1000, never, late, work)).toBe(1)
  await clock.advance(2000)
  expect(seen?.aborted).toBe(false)
  const failing = (): Promise<number> => Promise.reject(new Error('no'))
  await expect(runWithin(clock, 1000, never, late, failing)).rejects.toThrow('no')
})

test('runWithin() does not wait longer for work that does not obey', async () => {
  const clock = createFakeClock()
  let seen: AbortSignal | undefined
  const running = runWithin(clock, 1000, never, late, (signal) => {
    seen = signal
    return new Promise(() => {})
  }).catch((error: unknown) => String(error))
  await clock.advance(1000)
  expect(await running).toBe('Error: late')
  expect(String(seen?.reason)).toBe('Error: late')
})

test('runWithin() hands the abort of its caller on', () => {
  const stop = new AbortController()
  let seen: AbortSignal | undefined
  void runWithin(createFakeClock(), 1000, stop.signal, late, (signal) => {
    seen = signal
    return new Promise(() => {})
  })
  stop.abort('enough')
  expect(seen?.reason).toBe('enough')
})
