import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createFakeClock } from '../../testing/fake-clock.ts'
import { createSeededRandom } from '../../testing/seeded-random.ts'
import { tryUntil } from './try-until.ts'

test('tryUntil() tries once without a wait, and at the very end of one', async () => {
  const clock = createFakeClock()
  const at: number[] = []
  const start = clock.now()
  const attempt = async (): Promise<null> => {
    at.push(clock.now() - start)
    return null
  }
  const options = { clock, random: createSeededRandom() }
  expect(await tryUntil(attempt, { ...options, waitMs: 0 })).toBeNull()
  expect(at.splice(0)).toEqual([0])
  const trying = tryUntil(attempt, { ...options, waitMs: 5000 })
  await clock.advance(5000)
  expect(await trying).toBeNull()
  expect(at.at(-1)).toBe(5000)
})

test('tryUntil() pauses between 25 ms and a second, and a clock that is set back does not prolong the wait', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1 }),
      fc.integer({ min: 0, max: 3_600_000 }),
      async (seed, back) => {
        const clock = createFakeClock()
        let offset = 0
        const started: number[] = []
        const trying = tryUntil(
          async () => {
            started.push(clock.now())
            offset -= back
            return null
          },
          {
            clock: { now: () => clock.now() + offset, setTimer: clock.setTimer },
            random: createSeededRandom(seed),
            waitMs: 10_000,
          },
        )
        const begin = clock.now()
        await clock.advance(10_000)
        expect(await trying).toBeNull()
        expect(clock.now() - begin).toBe(10_000)
        const pauses = started.slice(1).map((at, index) => at - (started[index] ?? 0))
        expect(Math.min(...pauses.slice(0, -1))).toBeGreaterThanOrEqual(25)
        expect(Math.max(...pauses)).toBeLessThanOrEqual(1000)
      },
    ),
    { numRuns: 20 },
  )
})
