import type { Clock } from './clock.ts'
import { expectEqual, expectTrue, type Law } from '../conformance.ts'

/** What an adapter supplies to have {@link clockLaws} run against it. */
export interface ClockHarness {
  open(): Promise<Clock>
  /** Lets the clock advance by at least `ms`, and every timer due by then fire. */
  advance(ms: number): Promise<void>
}

/** What every {@link Clock} keeps to; an adapter is correct when it passes them. */
export const clockLaws: readonly Law<ClockHarness>[] = [
  {
    name: 'now() is ms since 1970, and moves on as time does',
    async run({ open, advance }) {
      const clock = await open()
      const before = clock.now()
      expectTrue(
        before > 1_600_000_000_000 && before < 10_000_000_000_000,
        `ms since 1970, not ${before}`,
      )
      await advance(20)
      expectTrue(clock.now() - before >= 19, 'the time to have moved on')
    },
  },
  {
    name: 'setTimer() wakes once, not before its time, timers in the order of theirs',
    async run({ open, advance }) {
      const clock = await open()
      const startedAt = clock.now()
      const woken: string[] = []
      let early = false
      const wake = (name: string, delayMs: number): void => {
        clock.setTimer(() => {
          woken.push(name)
          // Platforms round to whole milliseconds.
          early ||= clock.now() - startedAt < delayMs - 1
        }, delayMs)
      }
      wake('late', 30)
      wake('soon', 10)
      expectEqual(woken, [])
      await advance(60)
      expectEqual(woken, ['soon', 'late'])
      expectTrue(!early, 'no timer to wake early')
    },
  },
  {
    name: 'setTimer() takes back what it set, also twice and too late, and takes a time that has passed for now',
    async run({ open, advance }) {
      const clock = await open()
      let woken = 0
      const cancel = clock.setTimer(() => woken++, 10)
      cancel()
      cancel()
      const late = clock.setTimer(() => woken++, -5)
      await advance(30)
      late()
      expectEqual(woken, 1)
    },
  },
  {
    name: 'setTimer() waits for a time that no platform timer holds, instead of waking at once',
    async run({ open, advance }) {
      const clock = await open()
      let woken = 0
      const cancel = clock.setTimer(() => woken++, 3_000_000_000)
      await advance(20)
      cancel()
      expectEqual(woken, 0)
    },
  },
  {
    name: 'elapsed() never goes back and moves on as time does, from moment to moment',
    async run({ open, advance }) {
      const clock = await open()
      if (clock.elapsed === undefined) return
      const before = clock.elapsed()
      let last = before
      for (let turn = 0; turn < 100; turn++) {
        const next = clock.elapsed()
        expectTrue(next >= last, `${next} not to be before ${last}`)
        last = next
      }
      await advance(20)
      const passedMs = clock.elapsed() - before
      expectTrue(passedMs >= 19 && passedMs < 60_000, `20 ms to have passed, not ${passedMs}`)
    },
  },
]
