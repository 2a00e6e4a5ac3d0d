import type { RandomSource } from '../runtime/ports/platform/random-source.ts'

/**
 * A repeatable source of chance (xorshift32), never for secrets.
 *
 * @example
 * const random = createSeededRandom(42)
 * random.fraction() // the same in every run
 */
export function createSeededRandom(seed = 1): RandomSource {
  let state = seed >>> 0 || 1
  const next = (): number => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    state >>>= 0
    return state
  }
  return {
    bytes(length) {
      const bytes = new Uint8Array(length)
      for (let index = 0; index < length; index++) bytes[index] = next() & 255
      return bytes
    },
    fraction: () => next() / 2 ** 32,
  }
}
