import { createSeededRandom } from '../../src/testing/seeded-random.ts'

/** All that is left to chance in a simulated world, repeatable. */
export interface Chance {
  /** True in that share of the cases, 0 to 1. */
  of(share: number): boolean
  pick<const Value>(values: readonly [Value, ...Value[]]): Value
  /** A whole number from `least` to `most`. */
  between(least: number, most: number): number
}

/** @param stream Several streams of one seed have nothing to do with one another */
export function createChance(seed: number, stream: number): Chance {
  const random = createSeededRandom(Math.imul(seed + 1, 2_654_435_761) ^ Math.imul(stream, 40_503))
  // The first numbers of near seeds are near each other.
  for (let turn = 0; turn < 8; turn++) random.fraction()
  const between = (least: number, most: number): number =>
    least + Math.floor(random.fraction() * (most - least + 1))
  return {
    of: (share) => random.fraction() < share,
    // The index is within the list, which is not empty.
    pick: <const Value>(values: readonly [Value, ...Value[]]) =>
      values[between(0, values.length - 1)] as Value,
    between,
  }
}
