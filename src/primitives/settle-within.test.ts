import { expect, test } from 'vitest'
import { createFakeClock } from '../testing/fake-clock.ts'
import { settleWithin } from './settle-within.ts'

const never = new Promise<number>(() => {})

test('settleWithin() answers as the work does, and takes its timer back', async () => {
  const clock = createFakeClock()
  let lates = 0
  const late = (): number => ++lates
  expect(await settleWithin(clock, 1000, Promise.resolve(7), late)).toBe(7)
  await expect(settleWithin(clock, 1000, Promise.reject(new Error('no')), late)).rejects.toThrow(
    'no',
  )
  await clock.advance(2000)
  expect(lates).toBe(0)
})

test('settleWithin() answers or throws what late() does when the time is over', async () => {
  const clock = createFakeClock()
  const answered = settleWithin(clock, 1000, never, () => null)
  const thrown = settleWithin(clock, 1000, never, () => {
    throw new Error('late')
  }).catch(String)
  await clock.advance(999)
  expect(await Promise.race([answered, thrown, Promise.resolve('waiting')])).toBe('waiting')
  await clock.advance(1)
  expect(await Promise.all([answered, thrown])).toEqual([null, 'Error: late'])
})

test('settleWithin() leaves no rejection behind where no timer can be set', async () => {
  const unhandled: unknown[] = []
  const listen = (reason: unknown): void => void unhandled.push(reason)
  process.on('unhandledRejection', listen)
  const setTimer = (): never => {
    throw new Error('no timers here')
  }
  const work = Promise.reject(new Error('no'))
  await expect(settleWithin({ setTimer }, 1000, work, () => null)).rejects.toThrow()
  await new Promise((resolve) => setImmediate(resolve))
  process.off('unhandledRejection', listen)
  expect(unhandled).toEqual([])
})
