import { expect, test } from 'vitest'
import { createFakeClock } from '../../../testing/fake-clock.ts'
import { createTimerWaker } from '../../workers/timer-waker.ts'
import { createChannels } from './channels.ts'
import { createRedisWaker } from './waker.ts'

/** A waker whose subscriber answers when the test says so. */
function setUp() {
  const clock = createFakeClock()
  let timers = 0
  const counting = {
    ...clock,
    setTimer(wake: () => void, delayMs: number) {
      timers++
      const cancel = clock.setTimer(() => {
        timers--
        wake()
      }, delayMs)
      return () => {
        timers--
        cancel()
      }
    },
  }
  const told: string[] = []
  const handlers = new Map<string, (message: string) => void>()
  let answer: () => Promise<void> = async () => {}
  let ready = (): void => {}
  const waker = createRedisWaker(
    createTimerWaker(counting),
    createChannels({
      subscribe(channel, onMessage) {
        told.push(`+${channel}`)
        handlers.set(channel, onMessage)
        return answer()
      },
      unsubscribe(channel) {
        told.push(`-${channel}`)
        return answer()
      },
      onReady: (listener) => void (ready = listener),
    }),
    { channelOf: (queue) => `c:${queue}`, origin: 'me', clock: counting },
  )
  return {
    waker,
    clock,
    told,
    timers: () => timers,
    say: (queue: string, message: string) => handlers.get(`c:${queue}`)?.(message),
    answerWith: (next: () => Promise<void>) => void (answer = next),
    reconnect: () => ready(),
  }
}

test('onWake() subscribes with the first listener of a queue, wakes once that stands, and unsubscribes with the last', async () => {
  const { waker, clock, told } = setUp()
  let wakes = 0
  const stopFirst = waker.onWake('a', () => wakes++)
  const stopSecond = waker.onWake('a', () => {})
  await clock.advance(0)
  expect([told, wakes]).toEqual([['+c:a'], 1])
  stopFirst()
  stopFirst()
  await clock.advance(0)
  expect(told).toEqual(['+c:a'])
  stopSecond()
  await clock.advance(0)
  expect(told).toEqual(['+c:a', '-c:a'])
  waker.onWake('a', () => {})
  await clock.advance(0)
  expect(told).toEqual(['+c:a', '-c:a', '+c:a'])
})

test('onWake() tells the server nothing more when it ends before it was answered, but the last word', async () => {
  const { waker, clock, told, answerWith } = setUp()
  const answer = Promise.withResolvers<void>()
  answerWith(() => answer.promise)
  const stop = waker.onWake('a', () => {})
  await clock.advance(0)
  stop()
  waker.onWake('a', () => {})()
  await clock.advance(0)
  expect(told).toEqual(['+c:a'])
  answer.resolve()
  await clock.advance(0)
  expect(told).toEqual(['+c:a', '-c:a'])
})

test('onWake() hears what others say, at its time, and nothing else', async () => {
  const { waker, clock, say } = setUp()
  let wakes = 0
  waker.onWake('a', () => wakes++)
  await clock.advance(0)
  wakes = 0
  say('a', '0 other')
  say('a', '0 ')
  expect(wakes).toBe(2)
  for (const noise of ['0 me', '', '0', 'x other', '-1 other', '0 other more']) say('a', noise)
  expect(wakes).toBe(2)
  say('a', '1000 other')
  await clock.advance(999)
  expect(wakes).toBe(2)
  await clock.advance(1)
  expect(wakes).toBe(3)
})

test('onWake() keeps one timer a queue, that of the earliest wake, and none once nobody listens', async () => {
  const { waker, clock, say, timers } = setUp()
  let wakes = 0
  const stop = waker.onWake('a', () => wakes++)
  await clock.advance(0)
  wakes = 0
  for (const inMs of [5000, 9000, 3000, 3000, 4000]) say('a', `${inMs} other`)
  expect(timers()).toBe(1)
  await clock.advance(3000)
  expect([wakes, timers()]).toEqual([1, 0])
  await clock.advance(10_000)
  expect(wakes).toBe(1)
  say('a', '5000 other')
  stop()
  expect(timers()).toBe(0)
  say('a', '5000 other')
  expect(timers()).toBe(0)
})

test('onWake() works within the process when the server refuses, and asks again when the connection is back', async () => {
  const { waker, clock, told, answerWith, reconnect } = setUp()
  answerWith(() => Promise.reject(new Error('NOPERM')))
  let wakes = 0
  waker.onWake('a', () => wakes++)
  await clock.advance(0)
  expect([told, wakes]).toEqual([['+c:a'], 0])
  await waker.wake('a', 0)
  expect(wakes).toBe(1)
  answerWith(async () => {})
  reconnect()
  await clock.advance(0)
  expect([told, wakes]).toEqual([['+c:a', '+c:a'], 2])
  reconnect()
  await clock.advance(0)
  expect([told.length, wakes]).toEqual([3, 3])
})

test('onWake() takes it when the client throws, as one that was closed may', async () => {
  const { waker, clock, answerWith } = setUp()
  answerWith(() => {
    throw new Error('closed')
  })
  const stop = waker.onWake('a', () => {})
  await clock.advance(0)
  stop()
  await clock.advance(0)
})
