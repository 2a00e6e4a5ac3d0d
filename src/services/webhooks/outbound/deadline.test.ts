import { expect, test } from 'vitest'
import { createFakeClock } from '../../../testing/fake-clock.ts'
import { createDeadline } from './deadline.ts'

const reasons = { timeout: 'timeout', aborted: 'aborted' }

test('wait() gives up at the time limit, aborts the signal, and hands on what comes too late', async () => {
  const clock = createFakeClock()
  const deadline = createDeadline(clock, 1000, reasons, undefined)
  const pending = Promise.withResolvers<string>()
  const late: string[] = []
  const waiting = deadline.wait(pending.promise, (value) => late.push(value))
  const gaveUp = expect(waiting).rejects.toThrow('ended')
  await clock.advance(999)
  expect([deadline.reason, deadline.signal.aborted]).toEqual([null, false])
  await clock.advance(1)
  await gaveUp
  expect([deadline.reason, deadline.signal.reason, late]).toEqual(['timeout', 'timeout', []])
  pending.resolve('late')
  await pending.promise
  expect(late).toEqual(['late'])
  await expect(deadline.wait(Promise.resolve('later'))).rejects.toThrow('ended')
})

test('wait() answers what comes in time, and an end after that is no concern of it', async () => {
  const clock = createFakeClock()
  const caller = new AbortController()
  const deadline = createDeadline(clock, 1000, reasons, caller.signal)
  const late: string[] = []
  expect(await deadline.wait(Promise.resolve('value'), (value) => late.push(value))).toBe('value')
  await expect(deadline.wait(Promise.reject(new Error('broken')))).rejects.toThrow('broken')
  caller.abort()
  await clock.advance(1000)
  expect([deadline.reason, late]).toEqual(['aborted', []])
})

test('release() leaves neither a timer nor the caller to end it', async () => {
  const clock = createFakeClock()
  const caller = new AbortController()
  const deadline = createDeadline(clock, 1000, reasons, caller.signal)
  deadline.release()
  caller.abort()
  await clock.advance(1000)
  expect([deadline.reason, deadline.signal.aborted]).toEqual([null, false])
})

test('createDeadline() has ended at once when its caller has', () => {
  const deadline = createDeadline(createFakeClock(), 1000, reasons, AbortSignal.abort())
  expect([deadline.reason, deadline.signal.aborted]).toEqual(['aborted', true])
})
