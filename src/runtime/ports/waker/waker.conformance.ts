import { expectEqual, type Law } from '../conformance.ts'
import type { Waker } from './waker.ts'

/** What an adapter with `onWake` supplies to have {@link wakerLaws} run against it. */
export interface WakerHarness {
  open(): Promise<Required<Waker>>
  /** Lets time pass and waits until every wake due by then has been heard. */
  advance(ms: number): Promise<void>
}

/** What every {@link Waker} keeps to; an adapter is correct when it passes them. */
export const wakerLaws: readonly Law<WakerHarness>[] = [
  {
    name: 'wake() wakes whoever listens to that queue, and nobody else',
    async run({ open, advance }) {
      const waker = await open()
      const heard: string[] = []
      waker.onWake('a', () => heard.push('a1'))
      waker.onWake('a', () => heard.push('a2'))
      waker.onWake('b', () => heard.push('b'))
      await waker.wake('a', 0)
      await advance(1)
      expectEqual(heard.toSorted(), ['a1', 'a2'])
    },
  },
  {
    name: 'wake() wakes once its time has come, not before',
    async run({ open, advance }) {
      const waker = await open()
      let wakes = 0
      waker.onWake('q', () => wakes++)
      await waker.wake('q', 5000)
      await advance(4999)
      expectEqual(wakes, 0)
      await advance(1)
      expectEqual(wakes, 1)
    },
  },
  {
    name: 'wake() harms nothing when nobody listens, or when a listener throws',
    async run({ open, advance }) {
      const waker = await open()
      let wakes = 0
      await waker.wake('q', 0)
      waker.onWake('q', () => {
        throw new Error('a listener that throws')
      })
      waker.onWake('q', () => wakes++)
      await waker.wake('q', 0)
      await advance(1)
      expectEqual(wakes, 1)
    },
  },
  {
    name: 'onWake() stops hearing when told so',
    async run({ open, advance }) {
      const waker = await open()
      let wakes = 0
      const stop = waker.onWake('q', () => wakes++)
      await waker.wake('q', 1000)
      stop()
      stop()
      await advance(1000)
      expectEqual(wakes, 0)
    },
  },
]
