import { expectEqual, expectTrue, type Law } from '../conformance.ts'
import type { RandomSource } from './random-source.ts'

/** What an adapter supplies to have {@link randomSourceLaws} run against it. */
export interface RandomSourceHarness {
  open(): Promise<RandomSource>
}

/** What every {@link RandomSource} keeps to; an adapter is correct when it passes them. */
export const randomSourceLaws: readonly Law<RandomSourceHarness>[] = [
  {
    name: 'bytes() gives as many bytes as asked, of their own, and others each time',
    async run({ open }) {
      const random = await open()
      expectEqual(
        [random.bytes(0).length, random.bytes(1).length, random.bytes(4096).length],
        [0, 1, 4096],
      )
      const [first, second] = [random.bytes(32), random.bytes(32)]
      expectTrue(first.join() !== second.join(), 'other bytes the second time')
      const copy = second.slice()
      first.fill(0)
      random.bytes(32)
      expectEqual([...second], [...copy])
    },
  },
  {
    name: 'bytes() gives no bytes twice, however few are asked for at a time',
    async run({ open }) {
      const random = await open()
      const seen = new Set<string>()
      for (let draw = 0; draw < 2000; draw++) seen.add(random.bytes(9 + (draw % 8)).join())
      expectEqual(seen.size, 2000)
    },
  },
  {
    name: 'bytes() leaves no value out',
    async run({ open }) {
      const random = await open()
      const seen = new Set(random.bytes(65_536))
      expectEqual(seen.size, 256)
    },
  },
  {
    name: 'fraction() is at least 0 and below 1, spread over all of it',
    async run({ open }) {
      const random = await open()
      const tenths = Array.from({ length: 10 }, () => 0)
      for (let draw = 0; draw < 10_000; draw++) {
        const fraction = random.fraction()
        expectTrue(fraction >= 0 && fraction < 1, `0 to 1, not ${fraction}`)
        const tenth = Math.floor(fraction * 10)
        tenths[tenth] = (tenths[tenth] ?? 0) + 1
      }
      expectTrue(
        tenths.every((count) => count > 700 && count < 1300),
        `all tenths to be drawn alike, not ${tenths.join()}`,
      )
    },
  },
]
