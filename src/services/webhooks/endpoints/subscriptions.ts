/** The most buckets of one endpoint, so that changing all of them fits in one commit. */
const MAX_BUCKETS = 60

/** Where endpoints stand that may want anything. */
const ANYTHING = '~'

/**
 * Names the buckets in which an endpoint stands, by the patterns of its events: one for each event
 * type, and for a pattern with `*` the words before that. So the endpoints that may want an event
 * are found in a few buckets, however many others there are.
 */
export function bucketsOf(patterns: readonly string[]): readonly string[] {
  const buckets = new Set(
    patterns.map((pattern) => {
      const words = pattern.split('.')
      const literal = words.indexOf('*')
      return literal === -1 ? `=${pattern}` : ANYTHING + words.slice(0, literal).join('.')
    }),
  )
  return buckets.size > MAX_BUCKETS ? [ANYTHING] : [...buckets]
}

/** Names the buckets in which an endpoint that wants `type` can stand. */
export function bucketsFor(type: string): readonly string[] {
  const words = type.split('.')
  return [`=${type}`, ...words.map((_word, count) => ANYTHING + words.slice(0, count).join('.'))]
}
