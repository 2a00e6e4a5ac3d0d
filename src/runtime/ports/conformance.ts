import { LawBrokenError } from './law-broken-error.ts'

export { LawBrokenError }

/** One law of a port, held as data so that any runner on any runtime can run it. */
export interface Law<Harness> {
  /** `symbol() does what, when`. */
  readonly name: string
  /**
   * What the adapter must be able to do for the law to apply; an adapter without it says so with a
   * reason.
   */
  readonly needs?: readonly string[]
  /** Resolves when the law holds, throws when it is broken. */
  run(harness: Harness): Promise<void>
}

/**
 * Throws {@link LawBrokenError} unless both values have the same canonical JSON (`undefined`
 * properties count as absent).
 *
 * @example
 * expectEqual(await queue.counts(), { ready: 1 }, 'the counts')
 */
export function expectEqual(actual: unknown, expected: unknown, what = 'value'): void {
  const got = canonical(actual)
  const want = canonical(expected)
  if (got !== want) throw new LawBrokenError(`Expected ${what} to be ${want}, got ${got}`)
}

/**
 * Throws {@link LawBrokenError} unless `condition` is true.
 *
 * @example
 * expectTrue(token > before, 'tokens to grow')
 */
export function expectTrue(condition: boolean, what: string): asserts condition {
  if (!condition) throw new LawBrokenError(`Expected ${what}`)
}

/**
 * Throws {@link LawBrokenError} unless `act` rejects with an error for which `matches` answers
 * true.
 *
 * @example
 * await expectRejection(
 *   () => queue.add([{ name: '', data: null }]),
 *   (error) => error instanceof RangeError,
 *   'an empty name to be refused',
 * )
 */
export async function expectRejection(
  act: () => unknown,
  matches: (error: unknown) => boolean,
  what: string,
): Promise<void> {
  try {
    await act()
  } catch (error) {
    if (matches(error)) return
    throw new LawBrokenError(`Expected ${what}, got ${String(error)}`, { cause: error })
  }
  throw new LawBrokenError(`Expected ${what}, but it resolved`)
}

function canonical(value: unknown): string {
  return (
    JSON.stringify(value, (_key, inner: unknown) => {
      if (inner === undefined) return undefined
      if (typeof inner === 'number' && !Number.isFinite(inner)) return `number ${inner}`
      // JSON knows neither: every Set and Map would equal every other.
      if (inner instanceof Set || inner instanceof Map)
        return { [inner.constructor.name]: [...inner] }
      if (inner === null || typeof inner !== 'object' || Array.isArray(inner)) return inner
      return Object.fromEntries(Object.entries(inner).toSorted(([a], [b]) => (a < b ? -1 : 1)))
    }) ?? 'undefined'
  )
}
