import { expect, test } from 'vitest'
import { createFakeClock } from '../../../testing/fake-clock.ts'
import { sqlite } from './index.ts'

const MINUTE_MS = 60_000
const TTL_MS = 30_000

function open() {
  const clock = createFakeClock()
  const part = sqlite(':memory:', { clock }).store.partition('p')
  const set = (key: string, expiresInMs = TTL_MS) =>
    part.commit({ set: [{ key, value: 1, expiresInMs }] })
  const live = async (): Promise<readonly string[]> => {
    const { entries } = await part.list()
    const keys = entries.map(({ key }) => key)
    const all = ['early', 'late', 'long', 'short']
    const got = await part.getMany(all)
    expect(all.filter((_, index) => got[index] !== null)).toEqual(keys)
    for (const key of all)
      expect([key, (await part.get(key)) !== null]).toEqual([key, keys.includes(key)])
    return keys
  }
  return { clock, part, set, live }
}

test('entries live as long as they were to, where the clock is set forward meanwhile', async () => {
  for (const stepMs of [20_000, MINUTE_MS, 3_600_000]) {
    const { clock, set, live } = open()
    await set('early')
    await set('long', 10 * MINUTE_MS)
    await set('short', 100)
    await clock.advance(10_000)
    clock.step(stepMs)
    expect(await live()).toEqual(['early', 'long'])
    await set('late')
    await clock.advance(TTL_MS - 10_001)
    expect(await live()).toEqual(['early', 'late', 'long'])
    await clock.advance(1)
    expect(await live()).toEqual(['late', 'long'])
    await clock.advance(9999)
    expect(await live()).toEqual(['late', 'long'])
    await clock.advance(1)
    expect(await live()).toEqual(['long'])
    await clock.advance(9 * MINUTE_MS + MINUTE_MS - TTL_MS - 10_001)
    expect(await live()).toEqual(['long'])
    await clock.advance(1)
    expect(await live()).toEqual([])
  }
})

test('a check finds the entry that it names after the clock was set forward, and nothing removes it', async () => {
  const { clock, part, set, live } = open()
  const held = await set('early')
  clock.step(MINUTE_MS)
  for (let other = 0; other < 40; other++) await set(`other ${other}`, 1)
  const renewed = await part.commit({
    check: [{ key: 'early', version: held.ok ? held.version : null }],
    set: [{ key: 'early', value: 2, expiresInMs: TTL_MS }],
  })
  expect(renewed.ok).toBe(true)
  await clock.advance(TTL_MS - 1)
  expect(await live()).toEqual(['early'])
  await clock.advance(1)
  expect(await live()).toEqual([])
})

test('two steps forward add up, and one back takes from them', async () => {
  const { clock, set, live } = open()
  await set('early')
  clock.step(MINUTE_MS)
  expect(await live()).toEqual(['early'])
  clock.step(MINUTE_MS)
  expect(await live()).toEqual(['early'])
  clock.step(-2 * MINUTE_MS)
  await clock.advance(TTL_MS - 1)
  expect(await live()).toEqual(['early'])
  await clock.advance(1)
  expect(await live()).toEqual([])
})
