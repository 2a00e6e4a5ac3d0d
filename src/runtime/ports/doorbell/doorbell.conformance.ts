import { expectEqual, type Law } from '../conformance.ts'
import type { Doorbell } from './doorbell.ts'

/** What an adapter with `listen` supplies to have {@link doorbellLaws} run against it. */
export interface DoorbellHarness {
  open(): Promise<Required<Doorbell>>
  /** Lets time pass and waits until every ring due by then has been heard. */
  advance(ms: number): Promise<void>
}

/** What every {@link Doorbell} keeps to; an adapter is correct when it passes them. */
export const doorbellLaws: readonly Law<DoorbellHarness>[] = [
  {
    name: 'ring() wakes whoever listens to that queue, and nobody else',
    async run({ open, advance }) {
      const bell = await open()
      const heard: string[] = []
      bell.listen('a', () => heard.push('a1'))
      bell.listen('a', () => heard.push('a2'))
      bell.listen('b', () => heard.push('b'))
      await bell.ring('a', 0)
      await advance(1)
      expectEqual(heard.toSorted(), ['a1', 'a2'])
    },
  },
  {
    name: 'ring() wakes once its time has come, not before',
    async run({ open, advance }) {
      const bell = await open()
      let rings = 0
      bell.listen('q', () => rings++)
      await bell.ring('q', 5000)
      await advance(4999)
      expectEqual(rings, 0)
      await advance(1)
      expectEqual(rings, 1)
    },
  },
  {
    name: 'ring() harms nothing when nobody listens, or when a listener throws',
    async run({ open, advance }) {
      const bell = await open()
      let rings = 0
      await bell.ring('q', 0)
      bell.listen('q', () => {
        throw new Error('a listener that throws')
      })
      bell.listen('q', () => rings++)
      await bell.ring('q', 0)
      await advance(1)
      expectEqual(rings, 1)
    },
  },
  {
    name: 'listen() stops hearing when told so',
    async run({ open, advance }) {
      const bell = await open()
      let rings = 0
      const stop = bell.listen('q', () => rings++)
      await bell.ring('q', 1000)
      stop()
      stop()
      await advance(1000)
      expectEqual(rings, 0)
    },
  },
]
